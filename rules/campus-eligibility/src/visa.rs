//! Whether a visa, as people write it, is one that the office named: "F-1" also stands for "f1", "F 1", "F-1/OPT" and
//! "F-1 (initial)".

/// A visa class has one or two letters and one digit. The first class in a text is the visa; whatever follows describes it,
/// so "F-2 (spouse of F-1)" is no F-1. A name without a class, as "Exchange visitor", is looked for anywhere in the text.
pub fn is_named(name: &str, visa: &str) -> bool {
    match class(name) {
        Some(wanted) => class(visa)
            .is_some_and(|found| found.0.eq_ignore_ascii_case(wanted.0) && found.1 == wanted.1),
        None => has_phrase(visa, name),
    }
}

fn class(text: &str) -> Option<(&str, &str)> {
    let is_class = |(letters, digits): &(&str, &str)| {
        letters.len() <= 2 && is_letters(letters) && digits.len() == 1 && !is_letters(digits)
    };
    words(text).zip(words(text).skip(1)).find(is_class)
}

fn is_letters(word: &str) -> bool {
    !word.starts_with(|letter: char| letter.is_ascii_digit())
}

fn has_phrase(text: &str, phrase: &str) -> bool {
    let mut rest = words(text);
    if words(phrase).next().is_none() {
        return false;
    }
    loop {
        let mut here = rest.clone();
        if words(phrase).all(|wanted| {
            here.next()
                .is_some_and(|word| word.eq_ignore_ascii_case(wanted))
        }) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// Letters and digits apart, whatever stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    let parts = text.split(|letter: char| !letter.is_alphanumeric());
    parts.flat_map(runs)
}

fn runs(part: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = part;
    core::iter::from_fn(move || {
        let letters = is_letters(rest);
        let end = rest.find(|letter: char| letter.is_ascii_digit() == letters);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E6: forms of one visa that people write.
    #[test]
    fn one_visa_is_known_in_all_its_forms() {
        for visa in [
            "F-1",
            "f1",
            "F 1",
            "F-1 (initial)",
            "F-1/OPT",
            "F1OPT",
            "F-1, change of status",
            "visa: f-1",
            "Student (F-1)",
            "F\u{2011}1",
            "F.1",
            "I-20, F-1",
        ] {
            assert!(is_named("F-1", visa), "{visa}");
        }
        assert!(is_named("J-1", "J-1 exchange"));
        for visa in [
            "",
            "F-2",
            "F-11",
            "H-1B",
            "F-2 (spouse of F-1)",
            "H-1B, formerly F-1",
            "1-F",
            "F",
            "citizen",
        ] {
            assert!(!is_named("F-1", visa), "{visa}");
        }
    }

    #[test]
    fn a_name_without_a_class_is_found_anywhere() {
        assert!(is_named("exchange visitor", "J-1 Exchange-Visitor, 2026"));
        assert!(is_named("OPT", "F-1/OPT"));
        for (name, visa) in [
            ("OPT", "optional"),
            ("OPT", ""),
            ("", "F-1"),
            ("-", "F-1"),
            ("exchange visitor", "visitor exchange"),
        ] {
            assert!(!is_named(name, visa), "{name} {visa}");
        }
    }
}
