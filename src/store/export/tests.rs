//! What an export has, and what it leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::model::{Email, MailId, MailKind, MailState, MailTemplate, Timestamp};
use crate::store::Now as _;
use crate::store::earlier;
use crate::store::{MemoryEngine, Origin, RedbEngine, RedbOptions, Store, Transaction};

/// The members that each kind's export keeps, in alphabetical order. A new member of a record is added here, or, if it gives access
/// to anything, to `KINDS`.
const KEPT: &str = "\
    account: accountId createdAt email employeeId name pendingEmail role status studentId trusted updatedAt\n\
    application: answers applicationId applicationStatus coverNote eligibility employeeId history jobId jobTitle language overrides resumeId studentId submittedAt updatedAt\n\
    employer: accountId designation email employeeId name number setting updatedAt workSpace workSpaceByOffice\n\
    file: createdAt fileId name removedAt sha256 sizeBytes studentId\n\
    job: currency deadline declined employeeId employerName endDate externalId hoursPerWeek jobDescription jobId jobPayRate jobStatus jobTitle location positions positionsFilled postedAt questions setting skillsRequired startDate updatedAt wasOpen workSpace workStudyRequired\n\
    mail: accountId attempts campus createdAt held lastError mailId network nextAttemptAt sentAt site state template to toName\n\
    rule: createdAt digest dryRun failing kind name parameterSchema parameters ruleId sizeBytes state summary updatedAt uploadedBy version\n\
    rulesInUse: active shadow\n\
    savedAnswer: accountId contentType etag expiresAt location status\n\
    session: accountId createdAt employeeId expiresAt role sessionId studentId\n\
    student: accountId email enrolledCredits gpa graduationDate name number preferences roster skills studentId summary updatedAt visa workStudyRemaining\n\
    token: accountId claim expiresAt kind superseded tokenId tries\n";

fn exported(reader: &Reader) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let records = export(reader, folder.path()).now().unwrap();
    let lines = std::fs::read_to_string(folder.path().join("records.jsonl")).unwrap();
    assert_eq!(lines.lines().count() as u64, records);
    (folder, lines)
}

/// The campus with every kind of record.
#[test]
fn each_record_is_a_line_without_what_gives_access() {
    let site = tempfile::tempdir().unwrap();
    let path = site.path().join("store.redb");
    let (store, log) = earlier::bytes();
    std::fs::write(&path, store).unwrap();
    std::fs::write(path.with_extension("log"), log).unwrap();
    let reader = RedbEngine::read_only(&path, RedbOptions::default()).unwrap();
    let (folder, lines) = exported(&reader);
    assert!(!lines.contains("$argon2"));

    let mut kept: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = line["kind"].as_str().unwrap().to_owned();
        let members = line["record"].as_object().unwrap().keys().cloned();
        *counts.entry(kind.clone()).or_default() += 1;
        kept.entry(kind).or_default().extend(members);
    }
    assert!(kept.remove("logEntry").is_some());
    let kept: String = kept
        .into_iter()
        .map(|(kind, members)| {
            let members: Vec<String> = members.into_iter().collect();
            format!("{kind}: {}\n", members.join(" "))
        })
        .collect();
    assert_eq!(kept, KEPT);
    for (kind, _) in KINDS {
        let name = keys::kind_name(kind).unwrap();
        let (mut records, mut walk) = (0, reader.walk(&Key::from_bytes(&[b'R', kind])));
        while let Some(keys) = walk.next_keys().now().unwrap() {
            records += keys.len();
        }
        assert_eq!(counts[name], records, "{name}");
    }
    for inside in ["files", "rules"] {
        let mut files = std::fs::read_dir(folder.path().join(inside)).unwrap();
        assert!(files.next().is_some(), "{inside}");
    }
    // A second export to the same folder would double the files.
    assert!(export(&reader, folder.path()).now().is_err());
}

#[test]
fn every_kind_of_record_says_what_is_left_out() {
    let named: BTreeSet<u8> = KINDS.iter().map(|(kind, ..)| *kind).collect();
    let all = (0..=u8::MAX).filter(|kind| keys::kind_name(*kind).is_some());
    assert_eq!(named, all.collect());
}

#[test]
fn a_mail_is_exported_without_its_link() {
    let store = Store::new(Arc::new(MemoryEngine::default()), Clock::System);
    let token = || "SECRET".to_owned();
    let templates = [
        MailTemplate::VerifyEmail { token: token() },
        MailTemplate::ResetPassword { token: token() },
        MailTemplate::Rendered {
            kind: MailKind::VerifyEmail,
            subject: "Confirm".into(),
            text: token(),
            html: token(),
        },
    ];
    let put = |transaction: &mut Transaction| {
        let now = Timestamp::from_millis(1_800_000_000_000);
        for template in templates.clone() {
            transaction
                .insert(Mail {
                    mail_id: MailId::generate(now),
                    to: Email::parse("ann@example.edu").unwrap(),
                    to_name: "Ann".into(),
                    account_id: None,
                    campus: "Example College".into(),
                    site: "http://localhost".into(),
                    template,
                    network: None,
                    held: false,
                    state: MailState::Waiting,
                    attempts: 0,
                    last_error: None,
                    next_attempt_at: now,
                    created_at: now,
                    sent_at: None,
                })
                .now()?;
        }
        Ok::<(), StoreError>(())
    };
    store.run_now(Origin::SYSTEM, put).unwrap();
    let (_folder, lines) = exported(&store.read().unwrap());
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.contains("\"verifyEmail\":{}"), "{lines}");
    assert!(!lines.contains("SECRET"), "{lines}");
}
