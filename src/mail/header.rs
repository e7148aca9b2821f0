//! Encodes text that people typed for mail headers (RFC 2047).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Most bytes of text in one encoded word, so that a line that starts with "Subject: " stays within 76 characters (RFC
/// 2047 2).
const WORD_BYTES: usize = 39;

/// The encoded words of a text, or `None` if it needs no encoding. Text that looks like an encoded word needs it, or
/// readers would decode it.
pub(super) fn encoded(text: &str) -> Option<String> {
    (!text.is_ascii() || text.contains("=?")).then(|| words(text).join("\r\n "))
}

fn words(mut text: &str) -> Vec<String> {
    let mut words = Vec::new();
    while !text.is_empty() {
        let (word, rest) = text.split_at(text.floor_char_boundary(WORD_BYTES));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(word)));
        text = rest;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_text_is_not_encoded() {
        assert_eq!(encoded("Reader (10 hours) = fun?"), None);
        assert_eq!(encoded("é").unwrap(), "=?utf-8?b?w6k=?=");
        for text in [
            "=?utf-8?q?You_won?=",
            "Reader =?us-ascii?b?QQ==?= 工",
            &"📚🧑🏽‍🎓 ".repeat(40),
        ] {
            let encoded = encoded(text).unwrap();
            assert!(encoded.lines().all(|line| line.len() <= 67), "{encoded}");
            assert!(!encoded.contains(text) && encoded.is_ascii(), "{encoded}");
            let bytes = encoded.split("\r\n ").flat_map(|word| {
                let word = word.strip_prefix("=?utf-8?b?").unwrap();
                STANDARD.decode(word.strip_suffix("?=").unwrap()).unwrap()
            });
            assert_eq!(String::from_utf8(bytes.collect()).unwrap(), text);
        }
    }
}
