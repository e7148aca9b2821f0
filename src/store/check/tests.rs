//! Each kind of damage is reported, and intact data is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::model::{
    AccountStatus, Actor, Application, ApplicationId, Eligibility, Email, EmployeeId, Employer,
    Event, FileId, JobId, Setting, Student, StudentId, Timestamp,
};
use crate::store::{Direction, MemoryEngine, Now as _, Origin, Store, Transaction};

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

struct Sample {
    store: Store,
    job: JobId,
    application: ApplicationId,
    file: FileId,
}

fn change(store: &Store, change: impl Fn(&mut Transaction) -> Result<(), StoreError>) {
    store.run_now(Origin::OPERATOR, change).unwrap();
}

fn sound() -> Sample {
    let clock = Clock::fixed(NOW);
    let store = Store::new(Arc::new(MemoryEngine::default()), clock);
    let (job, application) = (JobId::generate(NOW), ApplicationId::generate(NOW));
    let file = FileId::generate(NOW);
    let employer = EmployeeId::parse("E1").unwrap();
    let student = StudentId::parse("S1").unwrap();
    change(&store, |transaction| {
        transaction
            .insert(Employer {
                number: crate::model::NumberFrom::Office,
                employee_id: employer.clone(),
                name: "Library".into(),
                email: Email::parse("library@example.edu").unwrap(),
                designation: None,
                work_space: Some("Main library".into()),
                setting: Setting::OnCampus,
                account_id: None,
                updated_at: NOW,
                work_space_by_office: true,
            })
            .now()?;
        transaction
            .insert(Student::new(
                student.clone(),
                crate::model::NumberFrom::Office,
                "Ann".into(),
                Email::parse("ann@example.edu").unwrap(),
                NOW,
            ))
            .now()?;
        let mut posted = Job::draft(job, employer.clone(), NOW);
        posted.job_title = "Assistant".into();
        posted.external_id = Some("X1".into());
        posted.approve(NOW);
        transaction.insert(posted.clone()).now()?;
        transaction
            .put_bytes(&keys::file_chunk(file, 0), b"%PDF-".to_vec())
            .now()?;
        transaction
            .put_bytes(&keys::file_chunk(file, 1), b"1.7".to_vec())
            .now()?;
        let digest: Vec<String> = Sha256::digest(b"%PDF-1.7")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        transaction
            .insert(StoredFile {
                file_id: file,
                student_id: student.clone(),
                name: "ann.pdf".into(),
                size_bytes: 8,
                sha256: digest.concat(),
                created_at: NOW,
                removed_at: None,
            })
            .now()?;
        let verdict = Eligibility::eligible();
        let mut filed = Application::submitted(application, &posted, student.clone(), verdict, NOW);
        filed.resume_id = Some(file);
        transaction.insert(filed).now()?;
        transaction.add(keys::application_count(job), 1);
        transaction.guard(&keys::committed_hours(&student)).now()?;
        transaction
            .put_bytes(&keys::cursor("notify"), 1_u64.to_be_bytes().to_vec())
            .now()
    });
    Sample {
        store,
        job,
        application,
        file,
    }
}

fn told(store: &Store) -> Vec<String> {
    let mut told = Vec::new();
    let checked = check(&store.read().unwrap(), &mut |what| told.push(what))
        .now()
        .unwrap();
    assert_eq!(checked.wrong, told.len() as u64);
    told
}

#[test]
fn what_is_sound_is_not_told_of() {
    let sample = sound();
    assert_eq!(told(&sample.store), Vec::<String>::new());
    let checked = check(&sample.store.read().unwrap(), &mut |_| {})
        .now()
        .unwrap();
    assert_eq!(checked.records, 5);
    assert!(checked.rows > 20, "{checked:?}");
}

/// Damages the data, and expects a report with these words.
fn damaged(damage: impl Fn(&Sample, &mut Transaction) -> Result<(), StoreError>, words: &[&str]) {
    let sample = sound();
    change(&sample.store, |transaction| damage(&sample, transaction));
    let told = told(&sample.store);
    for word in words {
        assert!(
            told.iter().any(|what| what.contains(word)),
            "{word} is not in {told:#?}"
        );
    }
}

#[test]
fn damage_is_told_of() {
    let index =
        |sample: &Sample| keys::applications_by_job(sample.job).join(sample.application.as_bytes());
    damaged(
        |sample, transaction| {
            transaction.delete_bytes(index(sample));
            Ok(())
        },
        &[
            "an index key is missing",
            "its count of applications is 1 and should be 0",
        ],
    );
    damaged(
        |_, transaction| {
            let stray = keys::applications_by_job(JobId::generate(NOW));
            let stray = stray.join(ApplicationId::generate(NOW).as_bytes());
            transaction.put_bytes(&stray, Vec::new()).now()
        },
        &["an index row without its record"],
    );
    damaged(
        |_, transaction| {
            transaction.delete_bytes(keys::job_external_id("X1").into());
            transaction
                .put_bytes(
                    &keys::job_external_id("X2"),
                    keys::job(JobId::generate(NOW)).as_bytes().to_vec(),
                )
                .now()
        },
        &[
            "is missing or belongs to another record",
            "a unique key without its record",
        ],
    );
    damaged(
        |sample, transaction| {
            transaction
                .put_bytes(&keys::job(sample.job), b"\x01\xc1".to_vec())
                .now()
        },
        &["the value of"],
    );
    damaged(
        |sample, transaction| {
            transaction.delete_bytes(keys::job(sample.job).into());
            Ok(())
        },
        &["its job is missing", "an index row without its record"],
    );
    damaged(
        |sample, transaction| {
            transaction
                .put_bytes(&keys::file_chunk(sample.file, 1), b"1.8".to_vec())
                .now()
        },
        &["differ from what was uploaded"],
    );
    damaged(
        |sample, transaction| {
            transaction.delete_bytes(keys::file_chunk(sample.file, 1));
            Ok(())
        },
        &["only 5 of the file's 8 bytes"],
    );
    damaged(
        |sample, transaction| {
            transaction.delete_bytes(keys::file(sample.file).into());
            Ok(())
        },
        &["its résumé is missing", "its file is missing"],
    );
    damaged(
        |sample, transaction| {
            transaction.add(keys::application_count(sample.job), 1);
            Ok(())
        },
        &["its count of applications is 2 and should be 1"],
    );
    damaged(
        |_, transaction| transaction.put_bytes(&keys::log(1), b"?".to_vec()).now(),
        &["format 63"],
    );
    damaged(
        |_, transaction| {
            let entry = crate::model::LogEntry {
                at: NOW,
                actor: Actor::System,
                address: None,
                event: Event::AccountStatusChanged {
                    account_id: crate::model::AccountId::generate(NOW),
                    from: AccountStatus::Pending,
                    to: AccountStatus::Active,
                },
            };
            transaction
                .put_bytes(&keys::log(9), crate::store::record::encode(&entry)?)
                .now()
        },
        &["log entries are missing"],
    );
    damaged(
        |_, transaction| {
            transaction
                .put_bytes(&keys::cursor("notify"), 9_u64.to_be_bytes().to_vec())
                .now()
        },
        &["a cursor beyond the log"],
    );
    damaged(
        |_, transaction| {
            transaction
                .put_bytes(&keys::cursor("notify"), 0_u64.to_be_bytes().to_vec())
                .now()?;
            transaction.delete_bytes(keys::log(1));
            Ok(())
        },
        &["log entries are missing after this cursor"],
    );
    damaged(
        |_, transaction| {
            transaction
                .put_bytes(&Key::from_bytes(b"Zz"), Vec::new())
                .now()
        },
        &["unknown kind of key"],
    );
}

#[test]
fn positions_are_held_against_what_was_accepted() {
    let sample = sound();
    change(&sample.store, |transaction| {
        let job: Option<crate::store::Stored<Job>> =
            transaction.get(&keys::job(sample.job)).now()?;
        let job = job.unwrap();
        let mut filled = job.record.clone();
        filled.take_position();
        transaction.update(&job, filled).now().map(drop)
    });
    let told = told(&sample.store);
    assert!(
        told[0].ends_with(": its count of filled positions is 1 and should be 0"),
        "{told:?}"
    );
}

/// The map of keys names every kind, and the check must know each of them.
#[test]
fn every_kind_of_the_map_is_looked_at() {
    let map = include_str!("../keys/mod.rs");
    let declared = include_str!("../keys/records.rs").split("const KIND: u8 = b'");
    let records: Vec<u8> = declared.skip(1).map(|rest| rest.as_bytes()[0]).collect();
    let starts = ["Key::new(b'X', b'", ".bytes(b\"X"];
    let indexes: BTreeSet<u8> = starts
        .into_iter()
        .flat_map(|start| map.split(start).skip(1))
        .map(|rest| rest.as_bytes()[0])
        .collect();
    assert!(
        records.len() >= 10 && indexes.len() >= 19,
        "the map is read"
    );
    for kind in records {
        let (sample, key) = (sound(), Key::from_bytes(&[b'R', kind, 0]));
        change(&sample.store, |transaction| {
            transaction.put_bytes(&key, Vec::new()).now()?;
            transaction
                .put_bytes(&Key::from_bytes(b"Uz"), key.as_bytes().to_vec())
                .now()
        });
        let told = told(&sample.store);
        // The report is about a damaged value, not about an unknown kind or a missing record.
        assert_eq!(told.len(), 1, "kind {}: {told:?}", kind as char);
        let name = keys::kind_name(kind).unwrap();
        let sentence = format!("the empty value of {name}");
        assert!(told[0].starts_with(&sentence), "{told:?}");
    }
    for kind in indexes {
        // Long enough for an ID or a text at its end.
        let key = [
            &[b'X', kind][..],
            &[2, 2, 2, 2, 2, 2, 2, 0],
            b"Rs",
            &[b'1'; 20],
            &[0],
        ]
        .concat();
        let key = Key::from_bytes(&key);
        if keys::space(&key) == Some(Space::Retired) {
            continue;
        }
        let record = keys::indexed_record(&key);
        assert!(record.is_some(), "index {} leads nowhere", kind as char);
    }
}

/// Damages derived rows in a way that a repair makes good again.
#[test]
fn what_is_derived_is_made_again() {
    let sample = sound();
    let rows = |store: &Store| {
        let (view, all) = (store.read().unwrap().view, KeyRange::all());
        let rows = view.scan(&all, Direction::Forward, 1_000).now().unwrap();
        let rows = rows.into_iter().map(|(key, row)| (key, row.value));
        rows.collect::<Vec<_>>()
    };
    let before = rows(&sample.store);
    let log_end = || sample.store.read().unwrap().log_end().now().unwrap();
    let entries = log_end();
    let repaired = || {
        let mut told = Vec::new();
        let checked = repair(&sample.store, &mut |what| told.push(what))
            .now()
            .unwrap();
        (checked.wrong, told)
    };
    assert_eq!(repaired(), (0, Vec::new()));
    change(&sample.store, |transaction| {
        let application = sample.application.as_bytes();
        transaction.delete_bytes(keys::applications_by_job(sample.job).join(application));
        let other = JobId::generate(NOW);
        let stray = keys::applications_by_job(other).join(application);
        transaction.put_bytes(&stray, Vec::new()).now()?;
        transaction.delete_bytes(keys::job_external_id("X1").into());
        let held = keys::job(other).as_bytes().to_vec();
        transaction
            .put_bytes(&keys::job_external_id("X2"), held.clone())
            .now()?;
        let email = Email::parse("ann@example.edu").unwrap();
        transaction
            .put_bytes(&keys::student_email(&email), held)
            .now()?;
        transaction.add(keys::application_count(sample.job), 7);
        transaction.add(keys::application_count(other), 7);
        // The next start makes new keys.
        transaction
            .put_bytes(&keys::signing_keys(), b"[]".to_vec())
            .now()
    });
    let (wrong, told) = repaired();
    assert_eq!((wrong, told.len()), (0, 8), "{told:#?}");
    assert!(rows(&sample.store) == before);
    assert_eq!(repaired(), (0, Vec::new()));
    assert_eq!(log_end(), entries);
}

#[test]
fn a_repair_keeps_what_it_cannot_make() {
    let sample = sound();
    change(&sample.store, |transaction| {
        transaction
            .put_bytes(&keys::job(sample.job), b"\x01\xc1".to_vec())
            .now()
    });
    let mut told = Vec::new();
    let checked = repair(&sample.store, &mut |what| told.push(what))
        .now()
        .unwrap();
    assert_eq!((checked.wrong, told.len()), (1, 0), "{told:?}");
}
