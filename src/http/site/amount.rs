//! Numbers as people type them.

use serde_json::Value;

/// A number as people type it: `$1,500.50`, `17,50`. What is none stays text, and the field says so.
pub fn amount(text: &str, sign: &str) -> Value {
    let bare = text.replace(sign.trim(), "");
    let bare = bare.replace(|c: char| c.is_whitespace() || "$€£".contains(c), "");
    let groups: Vec<&str> = bare.split(',').collect();
    let [first, rest @ .., last] = &groups[..] else {
        return number(&bare).unwrap_or_else(|| text.into());
    };
    let last = last.split('.').next().unwrap_or_default();
    let is_whole = |group: &&str| group.len() == 3 && group.bytes().all(|c| c.is_ascii_digit());
    let is_grouped = (1..=3).contains(&first.len()) && rest.iter().all(is_whole) && is_whole(&last);
    let plain = bare.replace(',', if is_grouped { "" } else { "." });
    number(&plain).unwrap_or_else(|| text.into())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, wanted) in [
            ("17.50", json!(17.5)),
            ("$17.50", json!(17.5)),
            ("17,50", json!(17.5)),
            ("$ 1,500.25", json!(1500.25)),
            ("1,500", json!(1500)),
            ("7", json!(7)),
            ("-3", json!(-3)),
            ("much", json!("much")),
            ("10-15", json!("10-15")),
            ("1,2,3", json!("1,2,3")),
            ("2.000,00", json!("2.000,00")),
            ("1.50,0", json!("1.50,0")),
            ("1e999", json!("1e999")),
            ("NaN", json!("NaN")),
        ] {
            assert_eq!(amount(text, "$"), wanted, "{text}");
        }
        assert_eq!(amount("CHF 20", "CHF\u{a0}"), json!(20));
    }
}
