//! The office's settings, the languages, and the wage.

use super::*;
use crate::settings::Setting;

#[test]
fn pay_below_the_minimum_wage_is_nobodys_job() {
    let cheap = Job {
        rate_cents: 700,
        ..job(8)
    };
    let (message, _) = refusal(
        &Student::default(),
        &cheap,
        &Settings::default(),
        "minimum-wage",
    );
    assert_eq!(
        message,
        "This job pays $7.00 an hour; the minimum is $7.25."
    );
}

#[test]
fn students_read_it_in_their_language() {
    for tag in ["es", "es-MX", "ES"] {
        assert_eq!(Language::of(tag), Language::Spanish);
    }
    for tag in ["en", "fr", "est", ""] {
        assert_eq!(Language::of(tag), Language::English);
    }
    let [(message, remedy)] = in_spanish(&with(16), &job(8), &Settings::default())
        .try_into()
        .unwrap();
    assert_eq!(
        message,
        "Puedes trabajar como máximo 20 horas por semana en época de clases; con este empleo llegarías a 24."
    );
    assert_eq!(
        remedy,
        "Pregúntale al empleador si puedes trabajar 4 horas o menos por semana, o reduce las horas de otro empleo."
    );
}

#[test]
fn a_setting_of_the_wrong_kind_is_named() {
    let wrong = |name: &str, value| Settings::of([(name.to_string(), value)]).unwrap_err();
    assert_eq!(
        wrong("weeklyHoursInTerm", Setting::Flag(true)),
        "weeklyHoursInTerm must be a number, zero or more"
    );
    let perhaps = || Setting::Text("perhaps".to_string());
    assert_eq!(
        wrong("whenAFactIsMissing", perhaps()),
        "whenAFactIsMissing must be allow, review or refuse"
    );
    assert_eq!(
        wrong("levelWhenUnknown", perhaps()),
        "levelWhenUnknown must be undergraduate, graduate or review"
    );
    wrong("minimumGpa", Setting::Number(f64::NAN));
    let other = Settings::of([("another's".to_string(), Setting::Flag(true))]);
    assert_eq!(other.unwrap(), Settings::default());
}
