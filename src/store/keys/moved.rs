//! Keys of version 0.1, in which rows of one account, employer, job or student began with the index instead. No new
//! index may use the two letters of one of them.

use super::Key;

/// Today's key for a key of version 0.1. Other keys stay as they are.
pub fn moved(key: Key) -> Key {
    let bytes = key.as_bytes();
    let Some((kind, rest)) = bytes.split_at_checked(2) else {
        return key;
    };
    let new = match kind {
        b"Xq" | b"XQ" | b"Up" | b"Cp" => of_id(b'J', kind, rest),
        b"Xi" | b"Xk" | b"Xn" | b"Xs" | b"Gs" => of_id(b'A', kind, rest),
        b"Xr" | b"XR" | b"Xf" | b"Gh" => of_text(b'S', kind, rest),
        b"Xv" | b"XV" | b"XE" => of_text(b'E', kind, rest),
        b"Xh" => match rest.split_first() {
            Some((0, rest)) => of_id(b'A', kind, rest),
            Some((1, mailbox)) => Some([kind, mailbox].concat()),
            _ => None,
        },
        _ => None,
    };
    new.map_or(key, Key)
}

fn of_id(owner: u8, kind: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let (id, rest) = rest.split_at_checked(16)?;
    Some([&[owner], id, kind, rest].concat())
}

/// Campus IDs contain no NUL, so the first one ends the text.
fn of_text(owner: u8, kind: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (id, rest) = rest.split_at(end + 1);
    Some([&[owner], id, kind, rest].concat())
}
