//! A title as one term, so that a search for the whole title finds it first. Levels ("II", "Level 3", "L1") and stop
//! words do not make a title different.

use super::words::Word;

/// The stems of its words in a fixed order.
pub fn same_title<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    let mut stems: Vec<&str> = Vec::new();
    for word in words.filter(|word| tells(word)) {
        if !stems.contains(&word.stem.as_str()) {
            stems.push(&word.stem);
        }
    }
    stems.sort_unstable();
    format!("={}", stems.join(" "))
}

/// Its words as written, for titles that start with the query.
pub fn beginning<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    let counted: Vec<&str> = words
        .filter(|word| tells(word))
        .map(|word| word.plain.as_str())
        .collect();
    counted.join(" ")
}

fn tells(word: &Word) -> bool {
    !word.is_stop_word() && !is_level(&word.plain)
}

fn is_level(word: &str) -> bool {
    matches!(
        word,
        "i" | "ii" | "iii" | "iv" | "v" | "vi" | "level" | "levels" | "lv" | "lvl"
    ) || word
        .trim_start_matches('l')
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        && word.len() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::words::WordReader;

    #[test]
    fn levels_and_order_do_not_matter() {
        let mut reader = WordReader::new();
        let mut same = |text: &str| same_title(reader.words(text).iter());
        assert_eq!(
            same("Agency Attorney, Level II"),
            same("AGENCY ATTORNEYS L1")
        );
        assert_eq!(
            same("Assistant of the Library"),
            same("library assistant 03")
        );
        assert_ne!(same("Forester"), same("Regional Forester"));
        let words = reader.words("Agency Attorney III (Legal)");
        assert_eq!(beginning(words.iter()), "agency attorney legal");
    }
}
