//! The text of each mail template, in plain English. The layouts turn it into text and HTML.

use jiff::civil::Date;

use crate::model::{AccountStatus, ApplicationStatus, ClosedBecause, Mail, MailTemplate, Ruling};

/// Most characters of a subject or a name in a header. Longer titles are cut.
const MAX_HEADER_CHARS: usize = 150;
/// Stands for a name that is no longer kept.
const A_STUDENT: &str = "A student";
const THE_EMPLOYER: &str = "The employer";

/// A mail's text.
pub(super) struct MailText {
    pub subject: String,
    pub paragraphs: Vec<String>,
    /// What somebody wrote: a note or a reason.
    pub quote: Option<String>,
    pub action: Option<Action>,
    /// The notices, if the mail has several.
    pub items: Vec<MailText>,
}

pub(super) struct Action {
    pub label: &'static str,
    pub link: String,
}

impl Mail {
    /// One line, even if the title is long.
    pub fn subject(&self) -> String {
        let subject = MailText::of(&self.template, &self.campus, &self.site).subject;
        one_line(&subject)
    }
}

/// Makes one line of limited length, since a header is one line.
pub(super) fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let line: String = text
        .chars()
        .map(|c| if is_break(c) { ' ' } else { c })
        .filter(|c| !is_direction_control(*c))
        .collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_HEADER_CHARS {
        return line;
    }
    line.chars()
        .take(MAX_HEADER_CHARS - 1)
        .chain(['…'])
        .collect()
}

/// Characters that reverse the text direction, which makes a name read as something else.
fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl MailText {
    pub(super) fn of(template: &MailTemplate, campus: &str, site: &str) -> Self {
        use MailTemplate as T;
        match template {
            T::VerifyEmail { token } => text(
                format!("Confirm your email for {campus} jobs"),
                &[&format!("You signed up for {campus} jobs. To finish, open the link and enter the password you chose. The link works for 24 hours."),
                  "If you didn't ask for this, ignore this email. Nothing will change."],
            )
            .with("Confirm my email", format!("{site}/verify-email?token={token}")),
            T::AddressTaken => text(
                format!("You already have an account for {campus} jobs"),
                &["Someone, probably you, tried to sign up with this email address. It already has an account. Nothing was changed.",
                  &format!("Forgot your password? Reset it here: {site}/forgot-password")],
            )
            .with("Log in", format!("{site}/login")),
            T::ResetPassword { token } => text(
                format!("Reset your password for {campus} jobs"),
                &["Use this link to choose a new password. It works once, for one hour.",
                  "If you didn't ask for this, ignore this email. Your password stays the same."],
            )
            .with("Reset password", format!("{site}/reset-password?token={token}")),
            T::PasswordChanged => text(
                format!("Your password for {campus} jobs was changed"),
                &["Your password was just changed, and you were logged out everywhere.",
                  "If this wasn't you, reset your password now and contact the student employment office."],
            )
            .with("Reset password", format!("{site}/forgot-password")),
            T::ApplicationReceived { job_id, job_title, student_name, .. } =>
                application_received(or(student_name, A_STUDENT), job_title)
                    .with("View applicants", format!("{site}/postings/{job_id}")),
            T::ApplicationFiled { job_title, employer_name, .. } => text(
                format!("You applied for {job_title}"),
                &[&format!("Your application for {job_title} was sent. {} has it now.", or(employer_name, THE_EMPLOYER)),
                  "You will get an email when it is updated. You can withdraw it until a decision is made."],
            )
            .with("View my applications", format!("{site}/applications")),
            T::ApplicationMoved { job_title, status, note, .. } => {
                let (short, sentence) = moved(*status, job_title);
                text(format!("{job_title}: {short}"), &[&sentence])
                    .quoting(note.as_deref())
                    .with("View my applications", format!("{site}/applications"))
            }
            T::StudentMoved { job_id, job_title, student_name, status, .. } =>
                student_moved(or(student_name, A_STUDENT), *status, job_title)
                    .with("View applications", format!("{site}/postings/{job_id}")),
            T::JobClosed { job_title, because } => job_closed(job_title, *because)
                .with("Find jobs", format!("{site}/")),
            T::JobModerated { job_id, job_title, ruling, reason } => job_moderated(job_title, *ruling)
                .quoting(reason.as_deref())
                .with("View posting", format!("{site}/postings/{job_id}")),
            T::AccountModerated { from, to, postings_closed, reason } =>
                account_moderated(campus, site, *from, *to, *postings_closed).quoting(reason.as_deref()),
            T::RuleFailing { rule, fault } => rule_failing(rule)
                .quoting(Some(fault))
                .with("Go to the office page", format!("{site}/office")),
            T::BackupFailing { because, last_success } =>
                backup_failing(campus, because.sentence(), *last_success),
            T::Updates { items } => Self {
                items: items.iter().map(|item| Self::of(item, campus, site)).collect(),
                ..text(
                    format!("{} updates from {campus} jobs", items.len()),
                    &["Here is what's new since the last email we sent you:"],
                )
            },
            T::Rendered { subject, .. } => text(subject.clone(), &[]),
        }
    }

    fn with(mut self, label: &'static str, link: String) -> Self {
        self.action = Some(Action { label, link });
        self
    }

    fn quoting(mut self, quote: Option<&str>) -> Self {
        self.quote = quote.filter(|quote| !quote.is_empty()).map(str::to_owned);
        self
    }
}

fn text(subject: String, paragraphs: &[&str]) -> MailText {
    MailText {
        subject,
        paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
        quote: None,
        action: None,
        items: Vec::new(),
    }
}

fn or<'a>(name: &'a str, nobody: &'a str) -> &'a str {
    if name.is_empty() { nobody } else { name }
}

/// A short phrase and a sentence about a status change, for a student who did not make it.
fn moved(status: ApplicationStatus, job: &str) -> (&'static str, String) {
    use ApplicationStatus::{
        Accepted, Declined, Interview, Offered, Rejected, Submitted, UnderReview, Withdrawn,
    };
    match status {
        UnderReview => (
            "under review",
            format!("Your application for {job} is under review."),
        ),
        Interview => (
            "interview",
            format!("The employer would like to interview you for {job}."),
        ),
        Offered => (
            "you have an offer",
            format!("You have an offer for {job}. Accept or decline it on your applications page."),
        ),
        Accepted => (
            "you got the job",
            format!(
                "Congratulations! You got the job: {job}. The employer will contact you about your first day."
            ),
        ),
        Rejected => ("not selected", format!("You were not selected for {job}.")),
        Declined => (
            "offer declined",
            format!("The offer for {job} was declined."),
        ),
        Withdrawn => (
            "withdrawn",
            format!("Your application for {job} was withdrawn."),
        ),
        Submitted => (
            "submitted",
            format!("Your application for {job} was submitted."),
        ),
    }
}

fn application_received(student: &str, job: &str) -> MailText {
    let subject = format!("{student} applied for {job}");
    text(
        subject.clone(),
        &[
            &format!("{subject}."),
            &format!(
                "Please answer soon. {student} gets an email each time you update the application."
            ),
        ],
    )
}

/// For the employer, when a student changed an application.
fn student_moved(student: &str, status: ApplicationStatus, job: &str) -> MailText {
    let did = match status {
        ApplicationStatus::Accepted => "accepted your offer for",
        ApplicationStatus::Declined => "declined your offer for",
        _ => "withdrew their application for",
    };
    let subject = format!("{student} {did} {job}");
    text(subject.clone(), &[&format!("{subject}.")])
}

fn job_moderated(job: &str, ruling: Ruling) -> MailText {
    let (is, sentence) = match ruling {
        Ruling::Approved => (
            "is open",
            "The student employment office approved your posting. Students can see it now.",
        ),
        Ruling::Declined => (
            "was not approved",
            "The student employment office did not approve your posting.",
        ),
        Ruling::Closed => (
            "was closed",
            "The student employment office closed your posting.",
        ),
    };
    text(format!("{job} {is}"), &[sentence])
}

fn job_closed(job: &str, because: ClosedBecause) -> MailText {
    let sentence = match because {
        ClosedBecause::Closed => format!("{job} has been closed."),
        ClosedBecause::Filled => format!("{job} has been filled."),
        ClosedBecause::Expired => format!("The deadline for {job} has passed."),
    };
    let next = "The employer can still answer your application. Find similar jobs on the site.";
    text(format!("{job}: no longer open"), &[&sentence, next])
}

fn account_moderated(
    campus: &str,
    site: &str,
    from: AccountStatus,
    to: AccountStatus,
    postings_closed: bool,
) -> MailText {
    use AccountStatus::{Active, Pending, Suspended};
    let (subject, sentence) = match (from, to) {
        (Suspended, Active) => (
            format!("Your account for {campus} jobs is active again"),
            "The student employment office lifted the suspension of your account.",
        ),
        (_, Active) => (
            format!("Your account for {campus} jobs is active"),
            "The student employment office approved your account.",
        ),
        (Pending, _) => (
            format!("Your employer account for {campus} jobs was not approved"),
            "The student employment office did not approve your account.",
        ),
        _ => (
            format!("Your account for {campus} jobs is suspended"),
            "The student employment office suspended your account. Please contact them.",
        ),
    };
    let postings = postings_closed.then_some(if from == Pending {
        "Your pending postings are closed."
    } else {
        "Your open postings are closed."
    });
    let paragraphs: Vec<_> = std::iter::once(sentence).chain(postings).collect();
    let mail = text(subject, &paragraphs);
    if (from, to) == (Pending, Active) {
        mail.with("View my postings", format!("{site}/postings"))
    } else {
        mail
    }
}

fn rule_failing(rule: &str) -> MailText {
    text(
        format!("Rule {rule} is failing"),
        &[
            &format!("The campus rule {rule} is failing. The error is quoted below."),
            "Applications it should check are marked for review. Someone in the office must look at each of them before it can be accepted.",
            "You get this email once, until the rule is changed or works for an hour.",
        ],
    )
}

fn backup_failing(campus: &str, reason: &str, last_success: Option<Date>) -> MailText {
    let last = match last_success {
        Some(day) => format!(
            "The last good backup is from {}.",
            day.strftime("%B %-d, %Y")
        ),
        None => "No good backup was found.".into(),
    };
    text(
        format!("The backup of {campus} jobs is failing"),
        &[
            &format!("The daily backup failed. {reason} {last}"),
            "The site works as usual and tries again every hour. Please tell the person who runs the server. The server's log has the details.",
            "You get this email once a day until a backup succeeds.",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BackupFault;

    fn moderated(from: AccountStatus, to: AccountStatus) -> MailText {
        let template = MailTemplate::AccountModerated {
            from,
            to,
            postings_closed: to == AccountStatus::Suspended,
            reason: None,
        };
        MailText::of(&template, "Example", "https://jobs.example.edu")
    }

    #[test]
    fn a_declined_employer_is_not_told_of_a_suspension() {
        use AccountStatus::{Active, Pending, Suspended};
        let declined = moderated(Pending, Suspended);
        assert_eq!(
            declined.subject,
            "Your employer account for Example jobs was not approved"
        );
        assert_eq!(
            declined.paragraphs,
            [
                "The student employment office did not approve your account.",
                "Your pending postings are closed."
            ]
        );
        let suspended = moderated(Active, Suspended);
        assert_eq!(
            suspended.subject,
            "Your account for Example jobs is suspended"
        );
        assert_eq!(suspended.paragraphs[1], "Your open postings are closed.");
        let action = |mail: MailText| mail.action.map(|action| (action.label, action.link));
        let postings = "https://jobs.example.edu/postings".to_owned();
        assert_eq!(
            action(moderated(Pending, Active)),
            Some(("View my postings", postings))
        );
        assert_eq!(action(moderated(Suspended, Active)), None);
    }

    #[test]
    fn the_office_learns_why_the_backup_fails_and_which_is_the_last() {
        let said = |last_success| {
            let template = MailTemplate::BackupFailing {
                because: BackupFault::DiskFull,
                last_success,
            };
            MailText::of(&template, "Example", "https://x.edu")
        };
        let mail = said(Some("2026-11-09".parse().unwrap()));
        assert_eq!(mail.subject, "The backup of Example jobs is failing");
        assert_eq!(
            mail.paragraphs[0],
            "The daily backup failed. The disk for backups is full. The last good backup is from November 9, 2026."
        );
        let end = " No good backup was found.";
        assert!(said(None).paragraphs[0].ends_with(end));
    }

    #[test]
    fn a_changed_password_can_be_reset_from_its_mail() {
        let mail = MailText::of(&MailTemplate::PasswordChanged, "Example", "https://x.edu");
        let link = mail.action.map(|action| action.link);
        assert_eq!(link.as_deref(), Some("https://x.edu/forgot-password"));
    }
}
