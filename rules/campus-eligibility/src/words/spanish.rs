//! The sentences in Spanish, as students in the United States use it.

use alloc::format;
use alloc::string::String;

use super::{Fact, Finding, HoursRemedy, Week};
use crate::date::written;
use crate::facts::{Day, Decimal, Language, ONE};
use crate::numbers::{count, grade, money, number};

pub fn message(finding: &Finding, currency: &str) -> String {
    match *finding {
        Finding::Hours { week, cap, hours: total, .. } => format!(
            "{} {} por semana {}; con este empleo llegarías a {}.",
            if week == Week::TermWithVisa { "Con tu visa puedes trabajar como máximo" } else { "Puedes trabajar como máximo" },
            hours(cap),
            if week == Week::Break { "en vacaciones" } else { "en época de clases" },
            number(total),
        ),
        Finding::Credits { least, has } => format!(
            "Para trabajar en época de clases debes tener {} al menos {}; tienes {}.",
            if least == ONE { "inscrito" } else { "inscritos" },
            credits(least),
            number(has),
        ),
        Finding::Level { undergraduate, graduate, has } => format!(
            "Tienes {}. Para trabajar en época de clases hacen falta al menos {} en licenciatura y {} en posgrado; no sabemos cuál es tu caso.",
            count(has, "crédito inscrito", "créditos inscritos"), number(undergraduate), number(graduate),
        ),
        Finding::Gpa { least, has } => format!("Necesitas un promedio (GPA) de al menos {}; el tuyo es {}.", grade(least), grade(has)),
        Finding::Graduated { day } => format!("Te graduaste el {}, y este empleo es para estudiantes.", date(day)),
        Finding::GraduatesBeforeStart { day, start } => format!(
            "Te gradúas el {}, antes de que este empleo empiece el {}.", date(day), date(start),
        ),
        Finding::GraduatesBeforeEnd { day, end } => format!(
            "Te gradúas el {}, antes de que este empleo termine el {}.", date(day), date(end),
        ),
        Finding::Pay { least, cents } => format!(
            "Este empleo paga {} por hora; el mínimo es {}.", money(currency, cents), money(currency, least),
        ),
        Finding::WorkStudyVisa => "Este empleo se paga con Federal Work-Study, un programa que no admite a estudiantes con visa de estudiante.".into(),
        Finding::NoAwardLeft => "No te queda ayuda work-study.".into(),
        Finding::AwardGoneBefore { last, start } => format!(
            "Tus otros empleos work-study agotan tu ayuda el {}, antes de que este empleo empiece el {}.", date(last), date(start),
        ),
        Finding::AwardTooSmall { left, last, weeks } => format!(
            "Te quedan {} de ayuda work-study. Con este empleo durarían hasta el {}; deben alcanzar para al menos {}.",
            money(currency, left), date(last), count(weeks * ONE, "semana", "semanas"),
        ),
        Finding::AwardPromised { start } => format!(
            "Tu ayuda work-study no alcanza para este empleo y para el otro que empieza el {}.", date(start),
        ),
        Finding::AwardRunsOut { left, last } => format!(
            "Te quedan {} de ayuda work-study. Con este empleo duran hasta el {}.", money(currency, left), date(last),
        ),
        Finding::Priority { until, .. } => format!(
            "Hasta el {} inclusive, este empleo es solo para estudiantes con ayuda work-study.", date(until),
        ),
        Finding::Missing(fact) => format!("No sabemos {}, y este empleo requiere ese dato.", match fact {
            Fact::Gpa => "cuál es tu promedio (GPA)",
            Fact::Credits => "cuántos créditos tienes inscritos",
            Fact::Visa => "qué tipo de visa tienes",
            Fact::Award => "cuánto te queda de tu ayuda work-study",
            Fact::Graduation => "cuándo te gradúas",
        }),
    }
}

pub fn remedy(finding: &Finding) -> String {
    match *finding {
        Finding::Hours { remedy, .. } => match remedy {
            HoursRemedy::Ask(most) => format!("Pregúntale al empleador si puedes trabajar {} o menos por semana.", hours(most)),
            HoursRemedy::AskOrReduce(most) => format!("Pregúntale al empleador si puedes trabajar {} o menos por semana, o reduce las horas de otro empleo.", hours(most)),
            HoursRemedy::Reduce(by) => format!("Reduce tus otros empleos en al menos {} por semana.", hours(by)),
            HoursRemedy::AskAndLeave(most) => format!("Pregúntale al empleador si puedes trabajar {} o menos por semana, y deja tus otros empleos.", hours(most)),
        },
        Finding::Credits { least, has } => format!(
            "Inscribe {} más o pídele a la oficina de registro que corrija tus datos.", credits(least - has),
        ),
        Finding::Level { .. } => "Dile a la oficina de empleo estudiantil si eres estudiante de posgrado.".into(),
        Finding::Gpa { .. } => "Habla con tu consejero académico o pídele a la oficina de empleo estudiantil que revise tu caso.".into(),
        Finding::Graduated { .. } | Finding::GraduatesBeforeStart { .. } => "Si la fecha es incorrecta, pídele a la oficina de registro que la corrija.".into(),
        Finding::GraduatesBeforeEnd { .. } => "Indica en tu solicitud hasta cuándo puedes trabajar.".into(),
        Finding::Pay { .. } => "Solo el empleador puede cambiar el pago. Avísale a la oficina de empleo estudiantil.".into(),
        Finding::WorkStudyVisa => "Busca empleos que no sean work-study.".into(),
        Finding::NoAwardLeft | Finding::AwardGoneBefore { .. } => "Pídele más ayuda a la oficina de ayuda financiera o busca empleos que no sean work-study.".into(),
        Finding::AwardTooSmall { .. } | Finding::AwardPromised { .. } => "Pídele más ayuda a la oficina de ayuda financiera o busca un empleo con menos horas.".into(),
        Finding::AwardRunsOut { .. } => "Pregúntales al empleador y a la oficina de ayuda financiera qué pasa después de ese día.".into(),
        Finding::Priority { until, known } => format!(
            "Presenta tu solicitud a partir del {}.{}", date(until.saturating_add(1)),
            if known { "" } else { " No sabemos cuánto te queda de tu ayuda work-study; indícalo o pregunta en la oficina." },
        ),
        Finding::Missing(_) => "Indícalo en tu perfil o pregunta en la oficina de empleo estudiantil.".into(),
    }
}

fn date(day: Day) -> String {
    written(day, Language::Spanish)
}

fn hours(value: Decimal) -> String {
    count(value, "hora", "horas")
}

fn credits(value: Decimal) -> String {
    count(value, "crédito", "créditos")
}
