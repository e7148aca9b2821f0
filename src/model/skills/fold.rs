//! Folds all spellings of a name into one: lower case, no accents, one space between words. Words are the same as in
//! the search: letters and digits, "c++" and "c#" with their signs, without a possessive 's.

/// Names such as "C++", "C#", "F#" and "A+": signs count after at most this many letters.
const SIGNED_LETTERS: usize = 2;

pub fn fold_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    let mut letters = 0;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() {
            if letters == 0 && !folded.is_empty() {
                folded.push(' ');
            }
            letters += 1;
            c.to_lowercase().for_each(|c| plain(c, &mut folded));
            continue;
        }
        if is_loose_accent(c) {
            continue;
        }
        let after_letters = letters > 0 && letters <= SIGNED_LETTERS;
        if matches!(c, '+' | '#') && after_letters && !folded.ends_with(|c: char| c.is_numeric()) {
            folded.push(c);
            if chars.next_if_eq(&c).is_some() {
                folded.push(c);
            }
        } else if matches!(c, '\'' | '’') && letters > 0 && is_possessive(&chars) {
            chars.next();
        }
        letters = 0;
    }
    folded
}

/// Whether an s follows and ends the word.
fn is_possessive(rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut rest = rest.clone();
    matches!(rest.next(), Some('s' | 'S')) && rest.next().is_none_or(|c| !c.is_alphanumeric())
}

fn is_loose_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Appends a lower-case Western European letter without its accent.
fn plain(c: char, folded: &mut String) {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
        'æ' => folded.push_str("ae"),
        'ç' | 'ć' | 'ĉ' | 'č' => folded.push('c'),
        'ď' | 'đ' | 'ð' => folded.push('d'),
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => folded.push('e'),
        'ğ' | 'ģ' => folded.push('g'),
        'ì'..='ï' | 'ī' | 'į' | 'ı' => folded.push('i'),
        'ł' | 'ļ' => folded.push('l'),
        'ñ' | 'ń' | 'ň' => folded.push('n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
        'œ' => folded.push_str("oe"),
        'ř' => folded.push('r'),
        'ś' | 'ş' | 'š' | 'ș' => folded.push('s'),
        'ß' => folded.push_str("ss"),
        'ţ' | 'ť' | 'ț' => folded.push('t'),
        'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => folded.push('u'),
        'ý' | 'ÿ' => folded.push('y'),
        'ź' | 'ż' | 'ž' => folded.push('z'),
        _ if is_loose_accent(c) => {}
        _ => folded.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::fold_name;

    #[test]
    fn all_spellings_fold_to_one() {
        for (name, folded) in [
            ("  Node.js ", "node js"),
            ("C++", "c++"),
            ("C#/F#", "c# f#"),
            ("notepad++", "notepad"),
            ("Résumé re\u{301}sume\u{301}", "resume resume"),
            ("driver's license", "driver license"),
            ("Beginner’s Code", "beginner code"),
            ("A/B-testing (web)", "a b testing web"),
            ("日本語", "日本語"),
            ("'s ++ #", "s"),
            ("İ", "i"),
            ("", ""),
        ] {
            assert_eq!(fold_name(name), folded, "{name:?}");
            assert_eq!(fold_name(folded), folded);
        }
    }
}
