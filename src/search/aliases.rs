//! Short and common names that stand for others: who types "js" means JavaScript too. Written by hand, lower case, as
//! `tokens::plain` splits them.

/// What is typed, what is meant as well.
const ALIASES: &[(&str, &str)] = &[
    ("acrobat", "adobe acrobat"),
    ("ai", "artificial intelligence"),
    ("air table", "airtable"),
    ("asl", "american sign language"),
    ("auto cad", "autocad"),
    ("aws", "amazon web services"),
    ("babysitting", "child care"),
    ("book keeping", "bookkeeping"),
    ("c plus plus", "c++"),
    ("c sharp", "c#"),
    ("ca", "course assistant"),
    ("cad", "computer aided design"),
    ("childcare", "child care"),
    ("cpp", "c++"),
    ("cpr", "cardiopulmonary resuscitation"),
    ("cardiopulmonary resuscitation", "cpr"),
    ("crm", "customer relationship management"),
    ("csharp", "c#"),
    ("cyber security", "cybersecurity"),
    ("info sec", "cybersecurity"),
    ("infosec", "cybersecurity"),
    ("information security", "cybersecurity"),
    ("data input", "data entry"),
    ("data viz", "data visualization"),
    ("dataviz", "data visualization"),
    ("db", "database"),
    ("erp", "enterprise resource planning"),
    ("espanol", "spanish"),
    ("ga", "graduate assistant"),
    ("g suite", "google workspace"),
    ("gsuite", "google workspace"),
    ("gis", "geographic information systems"),
    ("golang", "go"),
    ("hr", "human resources"),
    ("illustrator", "adobe illustrator"),
    ("it", "information technology"),
    ("it support", "technical support"),
    ("js", "javascript"),
    ("javascript", "js"),
    ("k8s", "kubernetes"),
    ("mandarin", "chinese"),
    ("ml", "machine learning"),
    ("ms", "microsoft"),
    ("ms excel", "microsoft excel"),
    ("ms office", "microsoft office"),
    ("ms word", "microsoft word"),
    ("msteams", "microsoft teams"),
    ("msword", "microsoft word"),
    ("nlp", "natural language processing"),
    ("nodejs", "node js"),
    ("office assistant", "administrative assistant"),
    ("photoshop", "adobe photoshop"),
    ("posh", "powershell"),
    ("power point", "powerpoint"),
    ("ppt", "powerpoint"),
    ("pr", "public relations"),
    ("psd", "adobe photoshop"),
    ("py", "python"),
    ("ra", "research assistant"),
    ("reactjs", "react"),
    ("sales force", "salesforce"),
    ("seo", "search engine optimization"),
    ("sql", "structured query language"),
    ("structured query language", "sql"),
    ("stats", "statistics"),
    ("ta", "teaching assistant"),
    ("team work", "teamwork"),
    ("ts", "typescript"),
    ("ui", "user interface"),
    ("ux", "user experience"),
    ("web development", "website development"),
    ("website development", "web development"),
    ("word processing", "microsoft word"),
];

/// Most words of an alias.
pub const MAX_WORDS: usize = 3;

/// What else these words may mean.
pub fn meaning(typed: &str) -> Option<&'static str> {
    let found = ALIASES.iter().find(|(alias, _)| *alias == typed);
    found.map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::rows::words_of;

    #[test]
    fn aliases_are_written_as_words_are() {
        for (alias, meaning) in ALIASES {
            assert!(alias.split(' ').count() <= MAX_WORDS);
            for text in [alias, meaning] {
                assert_eq!(words_of(text).trim(), *text);
            }
        }
    }
}
