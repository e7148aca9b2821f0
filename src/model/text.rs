//! Text that people type: length and characters.

/// Whether a text may hold line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Single,
    Many,
}

/// Checks a text: `min` to `max` characters, no control characters but tabs and (in `Line::Many`) line breaks. One line
/// is trimmed; several are kept as they were typed, and are empty if nothing but blanks. Fails with a sentence for the
/// person who typed it.
pub fn check_text(text: &str, line: Line, min: usize, max: usize) -> Result<String, String> {
    let text = match line {
        Line::Many if !text.trim().is_empty() => text,
        _ => text.trim(),
    };
    let count = text.chars().count();
    if count < min {
        return Err(if min == 1 {
            "must not be empty".into()
        } else {
            format!("must have at least {min} characters")
        });
    }
    if count > max {
        return Err(format!("must have at most {max} characters (has {count})"));
    }
    let allowed =
        |c: char| !c.is_control() || c == '\t' || (line == Line::Many && (c == '\n' || c == '\r'));
    if let Some(position) = text.chars().position(|c| !allowed(c)) {
        return Err(format!(
            "has a control character at position {}",
            position + 1
        ));
    }
    Ok(text.into())
}

/// Checks a list of short texts and drops repeats (case aside), keeping the first spelling and the order.
pub fn check_list(items: &[String], most: usize, max_chars: usize) -> Result<Vec<String>, String> {
    if items.len() > most {
        return Err(format!(
            "must have at most {most} entries (has {})",
            items.len()
        ));
    }
    let mut kept: Vec<String> = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let item = check_text(item, Line::Single, 1, max_chars)
            .map_err(|message| format!("entry {} {message}", position + 1))?;
        if !kept
            .iter()
            .any(|other| other.to_lowercase() == item.to_lowercase())
        {
            kept.push(item);
        }
    }
    Ok(kept)
}
