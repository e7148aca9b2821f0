//! Skill names. Each skill has one name of its own (its label) and aliases: "js" is JavaScript. The table comes from
//! O*NET, ESCO and linguist (see LICENSE), and a campus can add its own names. An unknown skill keeps its name.

mod fold;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

pub use fold::fold_name;

// Compressed, since it would be a fiftieth of the binary.
include_flate::flate!(static TABLE: str from "src/model/skills/skills.csv");
static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::read(&TABLE));

/// Most words of a label or an alias. Longer names are not looked up.
pub const MAX_NAME_WORDS: usize = 8;

/// Loaded when a skill is first looked up.
#[derive(Default)]
struct Known {
    skills: Vec<Skill>,
    /// By folded name.
    numbers: HashMap<Box<str>, u32>,
    /// By first word: the number of words in the longest name.
    longest: HashMap<Box<str>, u8>,
}

struct Skill {
    label: Box<str>,
    /// As in the table, separated by `|`.
    aliases: Box<str>,
}

impl Known {
    fn read(table: &str) -> Self {
        let mut known = Self::default();
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let mut row = csv::StringRecord::new();
        while let Ok(true) = rows.read_record(&mut row) {
            known.skills.push(Skill {
                label: row.get(0).unwrap_or_default().into(),
                aliases: row.get(2).unwrap_or_default().into(),
            });
        }
        known.numbers.reserve(known.skills.len() * 2);
        let name_of = |known: &mut Self, name: &str, number: u32| {
            let name = fold_name(name);
            known.learn_length(&name);
            known.numbers.entry(name.into()).or_insert(number);
        };
        // Labels first, so that an alias never replaces a label.
        let skills = std::mem::take(&mut known.skills);
        for (skill, number) in skills.iter().zip(0..) {
            name_of(&mut known, &skill.label, number);
        }
        for (skill, number) in skills.iter().zip(0..) {
            for alias in skill.aliases.split('|').filter(|alias| !alias.is_empty()) {
                name_of(&mut known, alias, number);
            }
        }
        known.skills = skills;
        known
    }

    fn learn_length(&mut self, name: &str) {
        learn_length(&mut self.longest, name);
    }

    fn find(&self, name: &str) -> Option<&Skill> {
        self.numbers
            .get(name)
            .map(|number| &self.skills[*number as usize])
    }
}

fn learn_length(longest: &mut HashMap<Box<str>, u8>, name: &str) {
    let count = name.split(' ').count();
    if let (Some(first), Ok(count)) = (name.split(' ').next(), u8::try_from(count)) {
        let known = longest.entry(first.into()).or_default();
        *known = count.max(*known);
    }
}

/// The table, with a campus's own names on top. Cheap to clone.
#[derive(Clone, Default)]
pub struct Vocabulary {
    own: Arc<Own>,
}

#[derive(Default)]
struct Own {
    /// Labels by folded name.
    labels: HashMap<String, String>,
    /// Aliases by folded label.
    aliases: HashMap<String, Vec<String>>,
    longest: HashMap<Box<str>, u8>,
    /// Identifies the vocabulary that an index was built with.
    stamp: String,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vocabulary({} own names)", self.own.labels.len())
    }
}

impl Vocabulary {
    /// Adds a campus's skills, each with its aliases. They override the table.
    pub fn with(own: &BTreeMap<String, Vec<String>>) -> Self {
        let mut labels = HashMap::new();
        let mut aliases: HashMap<String, Vec<String>> = HashMap::new();
        for (label, names) in own {
            for name in names.iter().chain([label]) {
                labels.insert(fold_name(name), label.clone());
            }
            aliases.insert(fold_name(label), names.clone());
        }
        labels.remove("");
        let mut longest = HashMap::new();
        for name in labels.keys() {
            learn_length(&mut longest, name);
        }
        let stamp = if own.is_empty() {
            String::new()
        } else {
            format!("{own:?}")
        };
        Self {
            own: Arc::new(Own {
                labels,
                aliases,
                longest,
                stamp,
            }),
        }
    }

    /// The label of the skill with this name, or `None` if the name is unknown.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.label_of_folded(&fold_name(name))
    }

    /// The same for a name that is already folded.
    pub fn label_of_folded(&self, name: &str) -> Option<&str> {
        let own = self.own.labels.get(name).map(String::as_str);
        own.or_else(|| KNOWN.find(name).map(|skill| &*skill.label))
    }

    /// The number of words in the longest name that starts with this word, or 0.
    pub fn longest_from(&self, first_word: &str) -> usize {
        let lengths = [&self.own.longest, &KNOWN.longest];
        let length = |longest: &HashMap<Box<str>, u8>| longest.get(first_word).copied();
        let longest = lengths.into_iter().filter_map(length).max();
        usize::from(longest.unwrap_or_default()).min(MAX_NAME_WORDS)
    }

    /// The label, or the name as given if it is unknown.
    pub fn canonical<'a>(&'a self, name: &'a str) -> &'a str {
        self.label(name).unwrap_or(name)
    }

    /// Each skill under its label, without duplicates.
    pub fn canonical_list(&self, names: &[String]) -> Vec<String> {
        let mut labels: Vec<String> = Vec::with_capacity(names.len());
        for name in names {
            let label = self.canonical(name);
            if !labels
                .iter()
                .any(|known| known.to_lowercase() == label.to_lowercase())
            {
                labels.push(label.to_owned());
            }
        }
        labels
    }

    /// All names of a skill, the label first.
    pub fn names<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a str> {
        let folded = fold_name(label);
        let own = self.own.aliases.get(&folded).into_iter().flatten();
        let known = KNOWN
            .find(&folded)
            .filter(|skill| fold_name(&skill.label) == folded)
            .map(|skill| skill.aliases.split('|').filter(|alias| !alias.is_empty()));
        std::iter::once(label)
            .chain(own.map(String::as_str))
            .chain(known.into_iter().flatten())
    }

    /// Differs if the campus's own names differ.
    pub fn stamp(&self) -> &str {
        &self.own.stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_skills() {
        let vocabulary = Vocabulary::default();
        for (name, label) in [
            ("js", Some("JavaScript")),
            ("JavaScript", Some("JavaScript")),
            ("MS Excel", Some("Microsoft Excel")),
            ("excel", Some("Microsoft Excel")),
            ("c sharp", Some("C#")),
            ("C++", Some("C++")),
            ("español", Some("Spanish")),
            ("  driver’s   license ", Some("driving")),
            ("node.js", Some("Node.js")),
            ("dewey decimal", None),
            ("", None),
            ("!?", None),
        ] {
            assert_eq!(vocabulary.label(name), label, "{name:?}");
        }
        assert!(vocabulary.names("JavaScript").any(|name| name == "js"));
        assert_eq!(vocabulary.names("dewey decimal").count(), 1);
    }

    #[test]
    fn a_campus_adds_its_own() {
        let own = BTreeMap::from([
            ("Sierra ILS".to_owned(), vec!["sierra".to_owned()]),
            ("JavaScript".to_owned(), vec!["jay ess".to_owned()]),
            ("Jaws".to_owned(), vec!["js".to_owned()]),
        ]);
        let vocabulary = Vocabulary::with(&own);
        assert_eq!(vocabulary.label("SIERRA"), Some("Sierra ILS"));
        assert_eq!(vocabulary.label("js"), Some("Jaws"));
        assert_eq!(vocabulary.label("jay ess"), Some("JavaScript"));
        assert_eq!(vocabulary.label("python3"), Some("Python"));
        assert!(vocabulary.names("Sierra ILS").any(|name| name == "sierra"));
        assert_ne!(vocabulary.stamp(), Vocabulary::default().stamp());
    }

    #[test]
    fn a_list_has_no_duplicates_and_keeps_unknown_skills_as_typed() {
        let list = ["js", "Dewey system", "JAVASCRIPT", "dewey system"].map(str::to_owned);
        let labels = Vocabulary::default().canonical_list(&list);
        assert_eq!(labels, ["JavaScript", "Dewey system"]);
    }

    #[test]
    fn the_table_is_whole() {
        let known = &*KNOWN;
        assert_eq!(known.skills.len(), 11_361);
        assert!(known.numbers.len() > 22_000);
        let vocabulary = Vocabulary::default();
        let found = |skill: &&Skill| vocabulary.label(&skill.label) == Some(&*skill.label);
        // About 30 labels differ only in signs, such as "Less" and "LESS++".
        assert!(known.skills.iter().filter(found).count() > 11_300);
    }
}
