//! Finds the skills that a posting's text mentions, by any of their names.

use std::collections::BTreeSet;

use super::rows::words_of;
use super::tokens::fold_case;
use super::words::is_filler;
use crate::model::Vocabulary;

/// Labels, folded as `tokens::WHOLE` does.
pub fn mentions(text: &str, vocabulary: &Vocabulary) -> BTreeSet<String> {
    let text = words_of(text);
    let text = text.trim_start();
    // The start and end of each word, since names are looked up as they are in the text.
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split(' ') {
        words.push((at, at + word.len()));
        at += word.len() + 1;
    }
    let mut found = BTreeSet::new();
    let mut first = 0;
    while first < words.len() {
        let (start, end) = words[first];
        let longest = vocabulary.longest_from(&text[start..end]);
        let named = (1..=longest.min(words.len() - first))
            .rev()
            .find_map(|count| {
                let name = &text[start..words[first + count - 1].1];
                let label = vocabulary.label_of_folded(name)?;
                (!is_everyday(name)).then_some((count, label))
            });
        if let Some((count, label)) = named {
            found.insert(fold_case(label));
            first += count;
        } else {
            first += 1;
        }
    }
    found
}

/// Names that occur in any text and rarely mean the skill.
fn is_everyday(name: &str) -> bool {
    name.chars().count() < 2 || name == "go" || is_filler(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_are_mentioned_by_any_name() {
        let text =
            "You go through MS-Excel sheets, write JS or C# and work in teams. A plus: Resumé.";
        let found = mentions(text, &Vocabulary::default());
        for label in ["microsoft excel", "javascript", "c#", "teamwork"] {
            assert!(found.contains(label), "{label} {found:?}");
        }
        assert!(!found.contains("go"));
        assert!(mentions("", &Vocabulary::default()).is_empty());
    }
}
