//! Checks of text that people type: length and characters.

use super::FieldFault;

/// Whether a text may contain line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Single,
    Many,
}

/// Checks a text: `min` to `max` characters, no control characters except tabs and, with `Line::Many`, line breaks. A
/// single line is trimmed; several lines are kept as typed. A text without visible characters is empty. Direction marks
/// are removed, since they can make one text look like another (Unicode Technical Report 36, section 3.1).
pub fn check_text(text: &str, line: Line, min: usize, max: usize) -> Result<String, FieldFault> {
    let text: String = text.chars().filter(|c| !turns_direction(*c)).collect();
    let text = match line {
        _ if text.chars().all(shows_nothing) => "",
        Line::Many => text.as_str(),
        Line::Single => text.trim(),
    };
    let count = text.chars().count();
    if count < min {
        return Err(if min == 1 {
            FieldFault::Empty
        } else {
            FieldFault::TooShort { min }
        });
    }
    if count > max {
        return Err(FieldFault::TooLong { max, actual: count });
    }
    let allowed =
        |c: char| !c.is_control() || c == '\t' || (line == Line::Many && (c == '\n' || c == '\r'));
    if let Some(position) = text.chars().position(|c| !allowed(c)) {
        return Err(FieldFault::ControlCharacter {
            position: position + 1,
        });
    }
    Ok(text.into())
}

/// Embeddings, overrides, isolates, and the characters that end them.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// White space, and characters that Unicode counts as letters or signs but that are invisible: fillers, joiners, soft
/// hyphens, variation selectors, tags (Default_Ignorable_Code_Point of Unicode 16), and the empty Braille cell. Control
/// characters are not among them, since they have their own error.
fn shows_nothing(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Checks a list of short texts and drops repeats (ignoring case). Keeps the first spelling and the order.
pub fn check_list(
    items: &[String],
    most: usize,
    max_chars: usize,
) -> Result<Vec<String>, FieldFault> {
    if items.len() > most {
        return Err(FieldFault::TooManyEntries {
            max: most,
            actual: items.len(),
        });
    }
    let mut kept: Vec<String> = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let item = check_text(item, Line::Single, 1, max_chars)
            .map_err(|fault| fault.of_entry(position + 1))?;
        if !kept
            .iter()
            .any(|other| other.to_lowercase() == item.to_lowercase())
        {
            kept.push(item);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C2: invisible text is empty, and direction marks are removed.
    #[test]
    fn invisible_text_is_empty() {
        for unseen in [
            "\u{200b}",
            "\u{3164}",
            "\u{2800}",
            "\u{2060}",
            "\u{ad}",
            "\u{202e}",
            "\u{feff}\u{200d}",
            " \u{3000}\u{a0}",
            "\u{115f}\u{fe0f}",
            "\u{e0041}",
            "",
        ] {
            for line in [Line::Single, Line::Many] {
                assert_eq!(
                    check_text(unseen, line, 1, 9),
                    Err(FieldFault::Empty),
                    "{unseen:?}"
                );
                assert_eq!(
                    check_text(unseen, line, 0, 9),
                    Ok(String::new()),
                    "{unseen:?}"
                );
            }
        }
        let turned = check_text("Aide\u{202e}fdp.exe\u{2069}", Line::Single, 1, 99);
        assert_eq!(turned, Ok("Aidefdp.exe".into()));
        for kept in [
            "Библиотека",
            "עוזר הוראה",
            "👩\u{200d}🔬 lab",
            "कर्म\u{200c}",
            "co\u{ad}op",
        ] {
            assert_eq!(check_text(kept, Line::Single, 1, 99), Ok(kept.into()));
        }
        assert_eq!(
            check_text("\u{0}", Line::Single, 1, 9),
            Err(FieldFault::ControlCharacter { position: 1 })
        );
    }
}
