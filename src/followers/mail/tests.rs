//! The mailer while the store refuses writes.

use tokio::sync::watch;

use super::*;
use crate::clock::Clock;
use crate::followers::FollowerStatus;
use crate::mail::{Outbox, Recipient};
use crate::model::{Email, MailTemplate};
use crate::store::{InjectedFailure, MemoryEngine};

/// A2: on a full disk, a mail may be sent but not marked. It must not be sent again every second.
#[tokio::test]
async fn mail_sent_while_the_store_refuses_writes_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::default());
    let store = Store::new(engine.clone(), Clock::System);
    let put = async |transaction: &mut crate::store::Transaction| {
        let recipient = Recipient {
            email: Email::parse("ann@example.edu").unwrap(),
            name: "Ann".into(),
            account_id: None,
        };
        let outbox = Outbox::new("Campus", "http://localhost");
        outbox
            .send(transaction, MailTemplate::PasswordChanged, recipient)
            .await
    };
    store.run(Origin::SYSTEM, put).await.unwrap();
    let maildir = folder.path().to_owned();
    let transport = Transport::maildir(maildir, "Board <board@example.edu>").unwrap();
    let mut mailer = Mailer::new(transport, 0, 0);
    let (_go_on, stop) = watch::channel(false);
    let status = Arc::new(FollowerStatus::new(Mailer::NAME));
    let turn = Turn::new(store, stop, status);
    // Its own mark and that of its round, and two more rounds.
    engine.plan([InjectedFailure::DiskFull; 4]);
    let new = folder.path().join("new");
    assert!(mailer.round(&turn).await.is_err());
    for entry in std::fs::read_dir(&new).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for _ in 0..2 {
        assert!(mailer.round(&turn).await.is_err());
    }
    assert!(matches!(mailer.round(&turn).await, Ok(Round::Idle)));
    assert_eq!(std::fs::read_dir(&new).unwrap().count(), 0, "it left again");
}
