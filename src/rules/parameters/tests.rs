//! Invalid parameters, and too many of them.

use super::*;

fn parse(setting: &str) -> Result<Schema, String> {
    Schema::parse(&format!("{{\"properties\":{{\"a\":{setting}}}}}"))
}

/// D12
#[test]
fn a_parameter_without_a_valid_value_is_refused() {
    for (setting, words) in [
        (r#"{"type":"number","minimum":2,"maximum":1}"#, "minimum 2"),
        (
            r#"{"type":"integer","minimum":0.2,"maximum":0.8}"#,
            "there is no number",
        ),
        (
            r#"{"type":"string","minLength":3,"maxLength":2}"#,
            "minLength 3",
        ),
        (r#"{"type":"string","enum":[]}"#, "no choices"),
        (
            r#"{"type":"array","items":{"type":"string","enum":[]}}"#,
            "no choices",
        ),
        (r#"{"type":"number","maximum":1,"default":2}"#, "default"),
    ] {
        let why = parse(setting).unwrap_err();
        assert!(
            why.starts_with("a: ") && why.contains(words),
            "{setting}: {why}"
        );
    }
    for setting in [
        r#"{"type":"integer","minimum":1,"maximum":1}"#,
        r#"{"type":"number","minimum":0.2,"maximum":0.8}"#,
        r#"{"type":"string","minLength":2,"maxLength":2}"#,
    ] {
        parse(setting).unwrap();
    }
}

/// D12
#[test]
fn the_total_size_of_parameters_is_limited() {
    let schema = parse(r#"{"type":"array","items":{"type":"string"}}"#).unwrap();
    let given =
        |count| Parameters::from_iter([("a".into(), vec!["x".repeat(1_000); count].into())]);
    schema.read(&given(60)).unwrap();
    let Err(Fault::BadParameters(why)) = schema.read(&given(100)) else {
        panic!("they are taken")
    };
    assert!(why.to_string().contains("65536 bytes"), "{why}");
}
