//! Text that people type: length and characters.

use super::FieldFault;

/// Whether a text may hold line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Single,
    Many,
}

/// Checks a text: `min` to `max` characters, no control characters but tabs and (in `Line::Many`) line breaks. One line
/// is trimmed; several are kept as they were typed, and are empty if nothing but blanks.
pub fn check_text(text: &str, line: Line, min: usize, max: usize) -> Result<String, FieldFault> {
    let text = match line {
        Line::Many if !text.trim().is_empty() => text,
        _ => text.trim(),
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

/// Checks a list of short texts and drops repeats (case aside), keeping the first spelling and the order.
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
