//! What a student reads: every finding as a sentence with its numbers, and how to mend it, in English and Spanish.

use alloc::format;
use alloc::string::{String, ToString};

use crate::date::written;
use crate::facts::{Day, Hundredths, Language, Reason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Gpa,
    Credits,
    Visa,
    Award,
    Graduation,
}

/// `hours` is the most in any week with the job, `job` the job's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    VisaHours {
        cap: Hundredths,
        hours: Hundredths,
        job: Hundredths,
    },
    TermHours {
        cap: Hundredths,
        hours: Hundredths,
        job: Hundredths,
    },
    BreakHours {
        cap: Hundredths,
        hours: Hundredths,
        job: Hundredths,
    },
    Credits {
        least: Hundredths,
        has: Hundredths,
    },
    Gpa {
        least: Hundredths,
        has: Hundredths,
    },
    GraduatesBeforeStart {
        day: Day,
        start: Day,
    },
    GraduatesBeforeEnd {
        day: Day,
        end: Day,
    },
    Pay {
        least: i64,
        cents: i64,
    },
    WorkStudyVisa,
    AwardUsedUp,
    AwardTooSmall {
        left: u64,
        last: Day,
        weeks: i64,
    },
    AwardRunsOut {
        left: u64,
        last: Day,
    },
    Priority {
        until: Day,
    },
    Missing(Fact),
}

impl Finding {
    /// Stable: statistics and an office's own letters hang on it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::VisaHours { .. } => "visa-hours-in-term",
            Self::TermHours { .. } => "hours-in-term",
            Self::BreakHours { .. } => "hours-in-break",
            Self::Credits { .. } => "credits",
            Self::Gpa { .. } => "gpa",
            Self::GraduatesBeforeStart { .. } => "graduates-before-start",
            Self::GraduatesBeforeEnd { .. } => "graduates-before-end",
            Self::Pay { .. } => "minimum-wage",
            Self::WorkStudyVisa => "work-study-visa",
            Self::AwardUsedUp => "award-used-up",
            Self::AwardTooSmall { .. } => "award-too-small",
            Self::AwardRunsOut { .. } => "award-runs-out",
            Self::Priority { .. } => "work-study-first",
            Self::Missing(Fact::Gpa) => "gpa-unknown",
            Self::Missing(Fact::Credits) => "credits-unknown",
            Self::Missing(Fact::Visa) => "visa-unknown",
            Self::Missing(Fact::Award) => "award-unknown",
            Self::Missing(Fact::Graduation) => "graduation-unknown",
        }
    }

    pub fn reason(&self, language: Language, currency: &str) -> Reason {
        let (message, remedy) = match language {
            Language::English => self.english(currency),
            Language::Spanish => self.spanish(currency),
        };
        Reason {
            code: self.code(),
            message,
            remedy: Some(remedy),
        }
    }

    fn english(&self, currency: &str) -> (String, String) {
        let day = |day| written(day, Language::English);
        match *self {
            Self::VisaHours { cap, hours, job } => (
                format!(
                    "With your visa you can work at most {} hours a week in term; this job would make it {}.",
                    number(cap), number(hours)
                ),
                less_english(cap, hours, job),
            ),
            Self::TermHours { cap, hours, job } => (
                format!(
                    "You can work at most {} hours a week in term; this job would make it {}.",
                    number(cap), number(hours)
                ),
                less_english(cap, hours, job),
            ),
            Self::BreakHours { cap, hours, job } => (
                format!(
                    "You can work at most {} hours a week in breaks; this job would make it {}.",
                    number(cap), number(hours)
                ),
                less_english(cap, hours, job),
            ),
            Self::Credits { least, has } => (
                format!("You need at least {} credits to work in term; you are enrolled in {}.", number(least), number(has)),
                format!("Enrol in {} more, or ask the registrar to correct your record.", number(least - has)),
            ),
            Self::Gpa { least, has } => (
                format!("You need a GPA of at least {}; yours is {}.", decimal(least), decimal(has)),
                "Talk to your adviser; the student employment office can look at your case.".to_string(),
            ),
            Self::GraduatesBeforeStart { day: graduation, start } => (
                format!("You graduate on {}, before this job starts on {}.", day(graduation), day(start)),
                "If the day is wrong, ask the registrar to correct your record.".to_string(),
            ),
            Self::GraduatesBeforeEnd { day: graduation, end } => (
                format!("You graduate on {}, before this job ends on {}.", day(graduation), day(end)),
                "Tell the employer in your application how long you can stay.".to_string(),
            ),
            Self::Pay { least, cents } => (
                format!("This job pays {currency}{} an hour; the least allowed is {currency}{}.", decimal(cents), decimal(least)),
                "The employer has to mend the pay; the student employment office can help.".to_string(),
            ),
            Self::WorkStudyVisa => (
                "This job is paid by Federal Work-Study, which is not open to students on a student visa.".to_string(),
                "Look for jobs that are not work-study.".to_string(),
            ),
            Self::AwardUsedUp => (
                "This job is paid from a work-study award, and yours is used up.".to_string(),
                "Ask the financial aid office for more, or look for jobs that are not work-study.".to_string(),
            ),
            Self::AwardTooSmall { left, last, weeks } => (
                format!(
                    "Your work-study award has {currency}{} left, which would last until {}; it must last at least {weeks} weeks.",
                    money(left), day(last)
                ),
                "Ask the financial aid office for more, or look for a job with fewer hours.".to_string(),
            ),
            Self::AwardRunsOut { left, last } => (
                format!("Your work-study award has {currency}{} left, which lasts until {}.", money(left), day(last)),
                "Plan with the employer and the financial aid office what happens after that day.".to_string(),
            ),
            Self::Priority { until } => (
                format!("Until {} this job is for students with work-study money left.", day(until)),
                format!("Apply from {} on.", day(until.saturating_add(1))),
            ),
            Self::Missing(fact) => (
                format!("{} is not on record, and this job needs it.", match fact {
                    Fact::Gpa => "Your GPA",
                    Fact::Credits => "The number of your credits",
                    Fact::Visa => "Your visa status",
                    Fact::Award => "Your work-study award",
                    Fact::Graduation => "The day you graduate",
                }),
                "Ask the student employment office to enter it.".to_string(),
            ),
        }
    }

    fn spanish(&self, currency: &str) -> (String, String) {
        let day = |day| written(day, Language::Spanish);
        match *self {
            Self::VisaHours { cap, hours, job } => (
                format!(
                    "Con tu visa puedes trabajar como máximo {} horas por semana durante el curso; con este empleo serían {}.",
                    number(cap), number(hours)
                ),
                less_spanish(cap, hours, job),
            ),
            Self::TermHours { cap, hours, job } => (
                format!(
                    "Puedes trabajar como máximo {} horas por semana durante el curso; con este empleo serían {}.",
                    number(cap), number(hours)
                ),
                less_spanish(cap, hours, job),
            ),
            Self::BreakHours { cap, hours, job } => (
                format!(
                    "Puedes trabajar como máximo {} horas por semana en vacaciones; con este empleo serían {}.",
                    number(cap), number(hours)
                ),
                less_spanish(cap, hours, job),
            ),
            Self::Credits { least, has } => (
                format!("Necesitas al menos {} créditos para trabajar durante el curso; estás inscrito en {}.", number(least), number(has)),
                format!("Inscríbete en {} más o pide a la oficina de registro que corrija tus datos.", number(least - has)),
            ),
            Self::Gpa { least, has } => (
                format!("Necesitas un promedio de al menos {}; el tuyo es {}.", decimal(least), decimal(has)),
                "Habla con tu asesor; la oficina de empleo estudiantil puede revisar tu caso.".to_string(),
            ),
            Self::GraduatesBeforeStart { day: graduation, start } => (
                format!("Te gradúas el {}, antes de que este empleo empiece el {}.", day(graduation), day(start)),
                "Si la fecha es incorrecta, pide a la oficina de registro que la corrija.".to_string(),
            ),
            Self::GraduatesBeforeEnd { day: graduation, end } => (
                format!("Te gradúas el {}, antes de que este empleo termine el {}.", day(graduation), day(end)),
                "Indica en tu solicitud hasta cuándo puedes trabajar.".to_string(),
            ),
            Self::Pay { least, cents } => (
                format!("Este empleo paga {currency}{} por hora; el mínimo permitido es {currency}{}.", decimal(cents), decimal(least)),
                "El empleador tiene que corregir la paga; la oficina de empleo estudiantil puede ayudar.".to_string(),
            ),
            Self::WorkStudyVisa => (
                "Este empleo se paga con Federal Work-Study, que no está abierto a estudiantes con visa de estudiante.".to_string(),
                "Busca empleos que no sean de work-study.".to_string(),
            ),
            Self::AwardUsedUp => (
                "Este empleo se paga con una ayuda de work-study, y la tuya está agotada.".to_string(),
                "Pide más a la oficina de ayuda financiera o busca empleos que no sean de work-study.".to_string(),
            ),
            Self::AwardTooSmall { left, last, weeks } => (
                format!(
                    "A tu ayuda de work-study le quedan {currency}{}, que durarían hasta el {}; debe durar al menos {weeks} semanas.",
                    money(left), day(last)
                ),
                "Pide más a la oficina de ayuda financiera o busca un empleo con menos horas.".to_string(),
            ),
            Self::AwardRunsOut { left, last } => (
                format!("A tu ayuda de work-study le quedan {currency}{}, que duran hasta el {}.", money(left), day(last)),
                "Acuerda con el empleador y la oficina de ayuda financiera qué pasará después de ese día.".to_string(),
            ),
            Self::Priority { until } => (
                format!("Hasta el {} este empleo es para estudiantes con ayuda de work-study disponible.", day(until)),
                format!("Presenta tu solicitud a partir del {}.", day(until.saturating_add(1))),
            ),
            Self::Missing(fact) => (
                format!("No consta {}, y este empleo lo requiere.", match fact {
                    Fact::Gpa => "tu promedio",
                    Fact::Credits => "el número de tus créditos",
                    Fact::Visa => "tu tipo de visa",
                    Fact::Award => "tu ayuda de work-study",
                    Fact::Graduation => "la fecha de tu graduación",
                }),
                "Pide a la oficina de empleo estudiantil que lo registre.".to_string(),
            ),
        }
    }
}

fn less_english(cap: Hundredths, hours: Hundredths, job: Hundredths) -> String {
    let held = hours - job;
    if held < cap {
        format!(
            "Ask for at most {} hours a week, or give up hours elsewhere first.",
            number(cap - held)
        )
    } else {
        format!(
            "Give up at least {} hours a week elsewhere first.",
            number(hours - cap)
        )
    }
}

fn less_spanish(cap: Hundredths, hours: Hundredths, job: Hundredths) -> String {
    let held = hours - job;
    if held < cap {
        format!(
            "Pide como máximo {} horas por semana o deja antes horas de otro empleo.",
            number(cap - held)
        )
    } else {
        format!(
            "Deja antes al menos {} horas por semana de otros empleos.",
            number(hours - cap)
        )
    }
}

/// 2000 is 20, 1250 is 12.5.
fn number(hundredths: Hundredths) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    if part == 0 {
        format!("{whole}")
    } else if part % 10 == 0 {
        format!("{whole}.{}", part / 10)
    } else {
        format!("{whole}.{part:02}")
    }
}

/// Always two places, as grade points and money are written.
fn decimal(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
