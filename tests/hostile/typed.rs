//! Inputs that people and programs may send to a search. Shared by the test that none fails and the bench that none is
//! slow.

use proptest::prelude::*;

/// minimaxir/big-list-of-naughty-strings (LICENSE.blns beside it).
pub fn naughty() -> Vec<String> {
    serde_json::from_str(include_str!("../data/blns.json")).unwrap()
}

const WORDS: &[&str] = &[
    "library",
    "asistant",
    "managers",
    "js",
    "ms excel",
    "c sharp",
    "c++",
    "wrok",
    "a",
    "the",
    "analyst",
    "of",
    "日本語",
    "café",
    "e\u{301}",
    "👩‍🔬",
    "ﷺ",
    "İ",
    "ß",
    "program",
    "data entry",
    "something",
    "where I can",
    "job",
    "supervisor",
];
const SIGNS: &[&str] = &[
    "\"", "“", "”", "-", "--", "+", "#", "(", ")", "[", "]", "{", "}", "*", "?", "~", "^", ":",
    "\\", "/", "'", "’s", "\0", "\u{202e}", "\u{feff}", "&&", "||", "!", " ", "\t", "\n", "…", "<",
    ">", "=", "$", "%",
];
const FIELDS: &[&str] = &[
    "skill:",
    "-skill:",
    "pay:",
    "pay:>",
    "pay:15-",
    "pay:<=",
    "hours:",
    "at:",
    "title:",
    "-title:",
    "setting:",
    "SKILL:",
    "note:",
    "http://",
    "pay:>9e99",
    "pay:-1",
    "hours:1..2",
    "setting:remote",
];

/// Texts of words, punctuation, broken syntax and garbage, some of them very long.
pub fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => prop::sample::select(SIGNS).prop_map(str::to_owned),
        2 => prop::sample::select(FIELDS).prop_map(str::to_owned),
        2 => "[a-z]{1,12}",
        1 => "\\PC{0,8}",
        1 => any::<char>().prop_map(String::from),
    ];
    let spaced = (piece, prop::sample::select(&["", " ", " ", " "][..]));
    let text = prop::collection::vec(spaced, 0..14).prop_map(|pieces| {
        let pieces = pieces.into_iter().map(|(piece, space)| piece + space);
        pieces.collect::<String>()
    });
    (
        text,
        prop::sample::select(&[1usize, 1, 1, 1, 1, 1, 1, 40][..]),
    )
        .prop_map(|(text, times)| text.repeat(times))
}
