//! Abbreviations and common names that are not skills: "ta" also searches for teaching assistants. Skill names are in
//! `model::Vocabulary`. Written by hand, in lower case, split as `tokens::plain` does.

/// What people type, and what it also means.
const ALIASES: &[(&str, &str)] = &[
    ("acct", "accounting"),
    ("admin", "administrative"),
    ("admin assistant", "administrative assistant"),
    ("admin asst", "administrative assistant"),
    ("ai", "artificial intelligence"),
    ("asst", "assistant"),
    ("ca", "course assistant"),
    ("comms", "communications"),
    ("coord", "coordinator"),
    ("db", "database"),
    ("dept", "department"),
    ("econ", "economics"),
    ("exec", "executive"),
    ("ga", "graduate assistant"),
    ("grad", "graduate"),
    ("info sec", "information security"),
    ("hr", "human resources"),
    ("it", "information technology"),
    ("mgr", "manager"),
    ("ml", "machine learning"),
    ("ms", "microsoft"),
    ("nlp", "natural language processing"),
    ("office assistant", "administrative assistant"),
    ("ops", "operations"),
    ("pr", "public relations"),
    ("psych", "psychology"),
    ("ra", "research assistant"),
    ("rec center", "recreation center"),
    ("rep", "representative"),
    ("ta", "teaching assistant"),
    ("ui", "user interface"),
    ("undergrad", "undergraduate"),
];

/// Another meaning of these words.
pub fn meaning(typed: &str) -> Option<&'static str> {
    let found = ALIASES.iter().find(|(alias, _)| *alias == typed);
    found.map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::rows::words_of;

    #[test]
    fn aliases_are_folded_like_words() {
        for (alias, meaning) in ALIASES {
            assert!(alias.split(' ').count() <= crate::model::MAX_NAME_WORDS);
            for text in [alias, meaning] {
                assert_eq!(words_of(text).trim(), *text);
            }
        }
    }
}
