//! The sentences in American English.

use alloc::format;
use alloc::string::String;

use super::{Fact, Finding, HoursRemedy, Week};
use crate::date::written;
use crate::facts::{Day, Decimal, Language, ONE};
use crate::numbers::{count, grade, money, number};

pub fn message(finding: &Finding, currency: &str) -> String {
    match *finding {
        Finding::Hours { week, cap, hours: total, .. } => format!(
            "{} {} a week {}; with this job you'd work {}.",
            if week == Week::TermWithVisa { "With your visa, you can work at most" } else { "You can work at most" },
            hours(cap),
            if week == Week::Break { "during breaks" } else { "during the term" },
            number(total),
        ),
        Finding::Credits { least, has } => format!(
            "You need at least {} to work during the term; you're enrolled in {}.",
            credits(least), number(has),
        ),
        Finding::Level { undergraduate, graduate, has } => format!(
            "You're enrolled in {}. Undergraduates need at least {} to work during the term, graduate students {}; we don't know which you are.",
            credits(has), number(undergraduate), number(graduate),
        ),
        Finding::Gpa { least, has } => format!("You need a GPA of at least {}; yours is {}.", grade(least), grade(has)),
        Finding::Graduated { day } => format!("You graduated on {}, and this job is for students.", date(day)),
        Finding::GraduatesBeforeStart { day, start } => format!(
            "You graduate on {}, before this job starts on {}.", date(day), date(start),
        ),
        Finding::GraduatesBeforeEnd { day, end } => format!(
            "You graduate on {}, before this job ends on {}.", date(day), date(end),
        ),
        Finding::Pay { least, cents } => format!(
            "This job pays {} an hour; the minimum is {}.", money(currency, cents), money(currency, least),
        ),
        Finding::WorkStudyVisa => "This job is paid by Federal Work-Study, which isn't open to students on a student visa.".into(),
        Finding::NoAwardLeft => "You have no work-study award left.".into(),
        Finding::AwardGoneBefore { last, start } => format!(
            "Your other work-study jobs use up your award by {}, before this job starts on {}.", date(last), date(start),
        ),
        Finding::AwardTooSmall { left, last, weeks } => format!(
            "You have {} of your work-study award left. With this job it would last until {}; it must pay for at least {}.",
            money(currency, left), date(last), count(weeks * ONE, "week", "weeks"),
        ),
        Finding::AwardPromised { start } => format!(
            "Your work-study award doesn't cover both this job and your other job that starts on {}.", date(start),
        ),
        Finding::AwardRunsOut { left, last } => format!(
            "You have {} of your work-study award left. With this job it lasts until {}.", money(currency, left), date(last),
        ),
        Finding::Priority { until, .. } => format!(
            "Through {}, this job is only for students with a work-study award.", date(until),
        ),
        Finding::Missing(fact) => format!("We don't have {}, and this job requires it.", match fact {
            Fact::Gpa => "your GPA",
            Fact::Credits => "the number of credits you're enrolled in",
            Fact::Visa => "your visa status",
            Fact::Award => "your work-study award",
            Fact::Graduation => "your graduation date",
        }),
    }
}

pub fn remedy(finding: &Finding) -> String {
    match *finding {
        Finding::Hours { remedy, .. } => match remedy {
            HoursRemedy::Ask(most) => format!("Ask the employer whether you can work {}.", at_most(most)),
            HoursRemedy::AskOrReduce(most) => format!("Ask the employer whether you can work {}, or reduce hours in another job.", at_most(most)),
            HoursRemedy::Reduce(by) => format!("Reduce your other jobs by at least {} a week.", hours(by)),
            HoursRemedy::AskAndLeave(most) => format!("Ask the employer whether you can work {}, and leave your other jobs.", at_most(most)),
        },
        Finding::Credits { least, has } => format!(
            "Enroll in {} more, or ask the registrar to correct your record.", credits(least - has),
        ),
        Finding::Level { .. } => "Tell the student employment office whether you are a graduate student.".into(),
        Finding::Gpa { .. } => "Talk to your academic advisor, or ask the student employment office to look at your case.".into(),
        Finding::Graduated { .. } | Finding::GraduatesBeforeStart { .. } => "If the date is wrong, ask the registrar to correct it.".into(),
        Finding::GraduatesBeforeEnd { .. } => "Tell the employer in your application how long you can stay.".into(),
        Finding::Pay { .. } => "Only the employer can change the pay. Tell the student employment office.".into(),
        Finding::WorkStudyVisa => "Look for jobs that aren't work-study.".into(),
        Finding::NoAwardLeft | Finding::AwardGoneBefore { .. } => "Ask the financial aid office for more, or look for jobs that aren't work-study.".into(),
        Finding::AwardTooSmall { .. } | Finding::AwardPromised { .. } => "Ask the financial aid office for more, or look for a job with fewer hours.".into(),
        Finding::AwardRunsOut { .. } => "Ask the employer and the financial aid office what happens after that day.".into(),
        Finding::Priority { until, known } => format!(
            "Apply on {} or later.{}", date(until.saturating_add(1)),
            if known { "" } else { " We don't have your award; add it or ask the office." },
        ),
        Finding::Missing(_) => "Add it to your profile, or ask the student employment office.".into(),
    }
}

fn date(day: Day) -> String {
    written(day, Language::English)
}

fn hours(value: Decimal) -> String {
    count(value, "hour", "hours")
}

fn credits(value: Decimal) -> String {
    count(value, "credit", "credits")
}

fn at_most(value: Decimal) -> String {
    if value == ONE {
        "1 hour a week or less".into()
    } else {
        format!("{} a week or fewer", hours(value))
    }
}
