//! The names of the scheduled backups, and which of them are beyond the number to keep. Only files and objects with the
//! names that are made here are ever counted or deleted.

use crate::model::Timestamp;
use crate::store::ENCRYPTED_SUFFIX;

pub(super) const START: &str = "corkboard-";
const END: &str = "Z.backup";

/// A complete backup at its place: a path, or the name of an object.
pub(super) struct Saved<P> {
    pub taken_at: Timestamp,
    pub place: P,
}

/// The name of a backup, such as `corkboard-2026-11-29T080000Z.backup`: the time in UTC, to the second, without colons,
/// which some file systems do not allow.
pub(super) fn name(taken_at: Timestamp, is_encrypted: bool) -> String {
    let seconds = "2026-11-29T08:00:00".len();
    let text = taken_at.to_string();
    let text = text.chars().take(seconds).filter(|c| *c != ':');
    let suffix = if is_encrypted { ENCRYPTED_SUFFIX } else { "" };
    format!("{START}{}{END}{suffix}", text.collect::<String>())
}

/// The time in the name of a backup, encrypted or not. `None`: it is another file.
pub(super) fn time_in(file: &str) -> Option<Timestamp> {
    let file = file.strip_suffix(ENCRYPTED_SUFFIX).unwrap_or(file);
    let text = file.strip_prefix(START)?.strip_suffix(END)?;
    let (day, time) = text.split_once('T')?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let time = format!("{day}T{hour}:{minute}:{second}Z");
    let time: jiff::Timestamp = time.parse().ok()?;
    let taken_at = Timestamp::from_millis(time.as_millisecond());
    // The parser takes other forms too.
    (name(taken_at, false) == file).then_some(taken_at)
}

/// The oldest backups beyond the number to keep. The new one stays, even if others have a later time in their names because
/// a clock was wrong.
pub(super) fn beyond<P: PartialEq>(mut saved: Vec<Saved<P>>, new: &P, keep: usize) -> Vec<P> {
    saved.sort_by_key(|saved| saved.taken_at);
    let others = saved.into_iter().rev().filter(|saved| saved.place != *new);
    let old = others.skip(keep.saturating_sub(1));
    old.map(|saved| saved.place).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::at;
    use super::*;

    #[test]
    fn only_the_names_of_backups_have_a_time() {
        let own = "corkboard-2026-11-29T080000Z.backup";
        assert_eq!(name(at("2026-11-29T08:00:00.999Z"), false), own);
        for own in [own, "corkboard-2026-11-29T080000Z.backup.age"] {
            assert_eq!(time_in(own), Some(at("2026-11-29T08:00:00Z")));
        }
        for other in [
            "corkboard-2026-11-29T080000Z.backup.part",
            "corkboard-2026-11-29T080000Z.backup.age.part",
            "corkboard-2026-11-29T080000Z.backup.age.age",
            "corkboard-2026-11-29T080000Z.age",
            "corkboard-2026-11-29T08:00:00Z.backup",
            "corkboard-2026-11-29T0800Z.backup",
            "corkboard-2026-11-29T080060Z.backup",
            "corkboard-2026-11-31T080000Z.backup",
            "corkboard-2026-11-29T080000.5Z.backup",
            "corkboard-2026-11-29t080000Z.backup",
            "corkboard-2026-11-29T08000éZ.backup",
            "corkboard-2026-11-29.backup",
            "Corkboard-2026-11-29T080000Z.backup",
            "corkboard-.backup",
            "",
        ] {
            assert_eq!(time_in(other), None, "{other}");
        }
    }
}
