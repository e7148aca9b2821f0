//! The log alone: appended records are replayed, torn ones are not, and damaged ones are reported.

use redb::backends::InMemoryBackend;

use super::*;

const BOUND: u64 = 64 * 1024;
const SALT: u64 = 0x5a17;

/// A file whose bytes a test can read and damage.
fn file(bytes: &[u8]) -> Box<dyn StorageBackend> {
    let file = InMemoryBackend::new();
    file.set_len(bytes.len() as u64).unwrap();
    file.write(0, bytes).unwrap();
    Box::new(file)
}

fn bytes(wal: &Wal) -> Vec<u8> {
    let mut bytes = vec![0; wal.file.len().unwrap() as usize];
    wal.file.read(0, &mut bytes).unwrap();
    bytes
}

fn begun() -> Wal {
    let mut wal = Wal::open(file(&[]), BOUND).unwrap();
    wal.restart(SALT);
    wal
}

fn payload(number: usize) -> Vec<u8> {
    vec![number as u8 + 1; [0, 10, 4072, 4073, 9000][number % 5]]
}

fn replayed(bytes: &[u8], from: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut wal = Wal::open(file(bytes), BOUND).unwrap();
    let mut found = Vec::new();
    wal.replay(SALT, from, |payload| {
        found.push(payload.to_vec());
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn appended_records_are_replayed_in_order_from_any_number() {
    let mut wal = begun();
    let payloads: Vec<_> = (0..7).map(payload).collect();
    for payload in &payloads {
        wal.append(payload).unwrap();
    }
    for from in 0..=7 {
        let found = replayed(&bytes(&wal), from as u64).unwrap();
        assert_eq!(found, payloads[from..]);
    }
}

#[test]
fn a_log_continues_after_the_replayed_records() {
    let mut wal = begun();
    wal.append(b"one").unwrap();
    let mut wal = Wal::open(file(&bytes(&wal)), BOUND).unwrap();
    wal.replay(SALT, 0, |_| Ok(())).unwrap();
    wal.append(b"two").unwrap();
    assert_eq!(replayed(&bytes(&wal), 0).unwrap(), [b"one", b"two"]);
}

#[test]
fn records_of_another_generation_are_ignored() {
    let mut wal = begun();
    for number in 0..5 {
        wal.append(&payload(number)).unwrap();
    }
    wal.restart(SALT + 1);
    wal.append(b"new").unwrap();
    let mut found = Vec::new();
    wal.replay(SALT + 1, 0, |payload| {
        found.push(payload.to_vec());
        Ok(())
    })
    .unwrap();
    assert_eq!(found, [b"new"]);
}

#[test]
fn a_full_log_refuses_records_until_a_restart_but_fits_one_of_any_size() {
    let mut wal = begun();
    while wal.append(&[1; 5000]).is_ok() {}
    assert!(matches!(
        wal.append(&[1; 5000]),
        Err(AppendError::Full(None))
    ));
    assert!(wal.length <= BOUND);
    wal.restart(SALT + 1);
    wal.append(&vec![2; 3 * BOUND as usize]).unwrap();
    wal.restart(SALT + 2);
    assert_eq!(wal.length, BOUND);
}

/// Flips each bit of the last record: the record is dropped, the earlier ones stay.
#[test]
fn a_damaged_end_is_dropped_and_earlier_records_stay() {
    let mut wal = begun();
    wal.append(b"first").unwrap();
    wal.append(&[7; 300]).unwrap();
    let whole = bytes(&wal);
    let (start, end) = (4096, 4096 + HEADER + 300);
    for at in start..end {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            assert_eq!(
                replayed(&damaged, 0).unwrap(),
                [b"first"],
                "byte {at}, bit {bit}"
            );
        }
    }
}

/// For each length of a torn write, the record is dropped.
#[test]
fn a_torn_end_is_dropped() {
    let mut wal = begun();
    wal.append(b"first").unwrap();
    wal.append(&[7; 300]).unwrap();
    let whole = bytes(&wal);
    for kept in 0..HEADER + 300 {
        let mut torn = whole.clone();
        torn[4096 + kept..].fill(0);
        assert_eq!(replayed(&torn, 0).unwrap(), [b"first"], "{kept} bytes");
    }
}

/// Flips each bit of a record with others after it: it was acknowledged, so its loss is reported.
#[test]
fn damage_before_newer_records_is_reported() {
    let mut wal = begun();
    for payload in [&[1; 100][..], &[2; 5000], &[3; 10]] {
        wal.append(payload).unwrap();
    }
    let whole = bytes(&wal);
    for at in (0..HEADER + 100).chain(4096..4096 + HEADER + 5000) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        let told = replayed(&damaged, 0);
        assert!(matches!(told, Err(StoreError::Corrupt(_))), "byte {at}");
    }
}

/// Logs of the first two formats have zeros where later ones have the format.
#[test]
fn a_log_of_this_format_is_as_it_was() {
    assert_eq!(FORMAT, 2, "then a log names its format");
    let mut wal = begun();
    wal.append(b"one").unwrap();
    let bytes = bytes(&wal);
    let fields = [&SALT.to_le_bytes()[..], &[0; 8], &[3, 0, 0, 0]].concat();
    assert_eq!(bytes[..20], fields);
    assert_eq!(format(&*file(&bytes)).unwrap(), None);
    assert_eq!(format(&*file(&[])).unwrap(), None);
    assert_eq!(mark(3), 3 << 48);
}
