//! The words of each mail, once; the layouts make the text and the HTML of it.

use crate::model::{AccountStatus, ApplicationStatus, MailKind};

/// What a mail is about. Members are plain text of people's; the layouts escape them.
#[derive(Clone, Copy, Debug)]
pub enum Letter<'a> {
    VerifyEmail {
        link: &'a str,
    },
    AddressTaken {
        login_link: &'a str,
        reset_link: &'a str,
    },
    ResetPassword {
        link: &'a str,
    },
    PasswordChanged,
    /// To the employer.
    ApplicationReceived {
        student_name: &'a str,
        job_title: &'a str,
        link: &'a str,
    },
    /// To the student.
    ApplicationFiled {
        job_title: &'a str,
        employer_name: &'a str,
        link: &'a str,
    },
    /// To the other side; `student_name` when the student moved it.
    ApplicationStatus {
        job_title: &'a str,
        status: ApplicationStatus,
        note: Option<&'a str>,
        student_name: Option<&'a str>,
        link: &'a str,
    },
    JobClosed {
        job_title: &'a str,
        because: ClosedBecause,
        link: &'a str,
    },
    JobModerated {
        job_title: &'a str,
        ruling: Ruling,
        reason: Option<&'a str>,
        link: &'a str,
    },
    AccountModerated {
        from: AccountStatus,
        to: AccountStatus,
        /// His postings went with the account.
        postings_closed: bool,
        reason: Option<&'a str>,
    },
    /// To the office.
    RuleFailing {
        rule: &'a str,
        fault: &'a str,
        link: &'a str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBecause {
    Closed,
    Filled,
    Expired,
}

/// What the office decided of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    Approved,
    Declined,
    /// It had been open.
    Closed,
}

/// A letter in words.
pub(super) struct Words {
    pub subject: String,
    pub paragraphs: Vec<String>,
    /// Somebody's own words: a note, a reason.
    pub quote: Option<String>,
    pub action: Option<Action>,
}

pub(super) struct Action {
    pub label: &'static str,
    pub link: String,
}

impl Letter<'_> {
    pub(super) fn kind(&self) -> MailKind {
        match self {
            Self::VerifyEmail { .. } => MailKind::VerifyEmail,
            Self::AddressTaken { .. } => MailKind::AddressTaken,
            Self::ResetPassword { .. } => MailKind::ResetPassword,
            Self::PasswordChanged => MailKind::PasswordChanged,
            Self::ApplicationReceived { .. } => MailKind::ApplicationReceived,
            Self::ApplicationFiled { .. } => MailKind::ApplicationFiled,
            Self::ApplicationStatus { .. } => MailKind::ApplicationStatus,
            Self::JobClosed { .. } => MailKind::JobClosed,
            Self::JobModerated { .. } => MailKind::JobModerated,
            Self::AccountModerated { .. } => MailKind::AccountModerated,
            Self::RuleFailing { .. } => MailKind::RuleFailing,
        }
    }

    pub(super) fn words(&self, campus: &str) -> Words {
        let words = |subject: String, paragraphs: &[&str]| Words {
            subject,
            paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
            quote: None,
            action: None,
        };
        match *self {
            Self::VerifyEmail { link } => words(
                format!("Confirm your address for {campus} jobs"),
                &[
                    "Welcome. One step is left: confirm that this address is yours.",
                    "The link works once, for a day. If you did not register, do nothing; no account will be opened.",
                ],
            )
            .with("Confirm my address", link),
            Self::AddressTaken { login_link, reset_link } => words(
                format!("You already have an account for {campus} jobs"),
                &[
                    "Somebody, probably you, has just registered with this address. It has an account already, and nothing about it was changed.",
                    &format!("If you have forgotten the password, choose a new one here: {reset_link}"),
                ],
            )
            .with("Sign in", login_link),
            Self::ResetPassword { link } => words(
                format!("A new password for {campus} jobs"),
                &[
                    "You asked for a new password. The link works once, for an hour.",
                    "If it was not you, do nothing; your password stays as it is.",
                ],
            )
            .with("Choose a new password", link),
            Self::PasswordChanged => words(
                format!("Your password for {campus} jobs was changed"),
                &["Your password was changed just now, and you were signed out everywhere.",
                  "If it was not you, ask for a new password at once and tell the student-employment office."],
            ),
            Self::ApplicationReceived { student_name, job_title, link } => words(
                format!("{student_name} applied for {job_title}"),
                &[&format!("{student_name} has applied for {job_title}."),
                  "Students wait for your answer; each step you take reaches them at once."],
            )
            .with("See the application", link),
            Self::ApplicationFiled { job_title, employer_name, link } => words(
                format!("You applied for {job_title}"),
                &[&format!("Your application for {job_title} is in. {employer_name} has it now."),
                  "You get a mail when it moves, and you can withdraw it until it is decided."],
            )
            .with("My applications", link),
            Self::ApplicationStatus { job_title, status, note, student_name, link } => {
                let (subject, text) = moved(job_title, status, student_name);
                words(subject, &[&text]).quoting(note).with("Open it", link)
            }
            Self::JobClosed { job_title, because, link } => {
                let why = match because {
                    ClosedBecause::Closed => "has been closed",
                    ClosedBecause::Filled => "has been filled",
                    ClosedBecause::Expired => "takes no more applications: its deadline has passed",
                };
                let still = match because {
                    ClosedBecause::Expired => "Your application stays, and the employer can still answer it.",
                    _ => "Your application stays on record. There may be others like it on the board.",
                };
                words(format!("{job_title}: no longer open"), &[&format!("{job_title} {why}."), still])
                    .with("My applications", link)
            }
            Self::JobModerated { job_title, ruling, reason, link } => {
                let (is, text) = match ruling {
                    Ruling::Approved => ("is open", "The student-employment office has approved your posting. Students can see it now."),
                    Ruling::Declined => ("was not approved", "The student-employment office has not approved your posting."),
                    Ruling::Closed => ("was closed", "The student-employment office has closed your posting."),
                };
                words(format!("{job_title} {is}"), &[text]).quoting(reason).with("See the posting", link)
            }
            Self::AccountModerated { from, to, postings_closed, reason } => {
                let (is, text) = match (from, to) {
                    (AccountStatus::Suspended, AccountStatus::Active) =>
                        ("active again", "The student-employment office has lifted the suspension of your account."),
                    (_, AccountStatus::Active) => ("active", "The student-employment office has approved your account."),
                    _ => ("suspended", "The student-employment office has suspended your account. Please get in touch with it."),
                };
                let postings = postings_closed.then_some("Your open postings are closed.");
                let paragraphs: Vec<_> = std::iter::once(text).chain(postings).collect();
                words(format!("Your account for {campus} jobs is {is}"), &paragraphs).quoting(reason)
            }
            Self::RuleFailing { rule, fault, link } => words(
                format!("The rule {rule} fails"),
                &[&format!("The campus rule {rule} could not be asked."),
                  "Applications it should have judged are kept and marked for review; none of them can be accepted before somebody of the office has looked at it.",
                  "You get this mail once, until the rule was changed or was well for an hour."],
            )
            .quoting(Some(fault))
            .with("See the rules", link),
        }
    }
}

/// Subject and sentence of a move, for the side that did not make it.
fn moved(
    job_title: &str,
    status: ApplicationStatus,
    student_name: Option<&str>,
) -> (String, String) {
    use ApplicationStatus::{
        Accepted, Declined, Interview, Offered, Rejected, Submitted, UnderReview, Withdrawn,
    };
    if let Some(student) = student_name {
        let did = match status {
            Accepted => "accepted your offer for",
            Declined => "declined your offer for",
            _ => "withdrew the application for",
        };
        return (
            format!("{student} {did} {job_title}"),
            format!("{student} {did} {job_title}."),
        );
    }
    let (short, text) = match status {
        UnderReview => (
            "is being looked at",
            "The employer is looking at your application now.",
        ),
        Interview => ("interview", "The employer would like to meet you."),
        Offered => (
            "you have an offer",
            "You have an offer. Accept or decline it on your applications page.",
        ),
        Accepted => ("you have the job", "You have the job. Congratulations."),
        Rejected => (
            "not this time",
            "The employer has chosen somebody else this time.",
        ),
        Declined => ("offer declined", "The offer was declined."),
        Withdrawn => ("withdrawn", "The application was withdrawn."),
        Submitted => ("submitted", "The application was submitted."),
    };
    (
        format!("{job_title}: {short}"),
        format!("Your application for {job_title}: {}", lower_first(text)),
    )
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_lowercase(), letters.as_str())
    })
}

impl Words {
    fn with(mut self, label: &'static str, link: &str) -> Self {
        self.action = Some(Action {
            label,
            link: link.into(),
        });
        self
    }

    fn quoting(mut self, quote: Option<&str>) -> Self {
        self.quote = quote.map(str::to_owned);
        self
    }
}
