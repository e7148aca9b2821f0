//! The mailer while the store refuses writes.

use tokio::sync::watch;

use super::*;
use crate::clock::Clock;
use crate::followers::FollowerStatus;
use crate::mail::{Outbox, Recipient};
use crate::model::{Email, MailTemplate};
use crate::store::{InjectedFailure, MemoryEngine};

/// A store with some mails that are due, and a turn of the mailer.
async fn due_mails(engine: &Arc<MemoryEngine>, names: &[&str]) -> (Turn, watch::Sender<bool>) {
    let store = Store::new(engine.clone(), Clock::System);
    let put = async |transaction: &mut crate::store::Transaction| {
        let outbox = Outbox::new("Campus", "http://localhost");
        for name in names {
            let recipient = Recipient {
                email: Email::parse(&format!("{name}@example.edu")).unwrap(),
                name: (*name).into(),
                account_id: None,
            };
            outbox
                .send(transaction, MailTemplate::PasswordChanged, recipient)
                .await?;
        }
        Ok::<(), StoreError>(())
    };
    store.run(Origin::SYSTEM, put).await.unwrap();
    let (go_on, stop) = watch::channel(false);
    let status = Arc::new(FollowerStatus::new(Mailer::NAME));
    (Turn::new(store, stop, status), go_on)
}

fn mailer(folder: &std::path::Path, per_day: u32) -> Mailer {
    let transport = Transport::maildir(folder.to_owned(), "Board <board@example.edu>");
    Mailer::new(transport.unwrap(), 0, per_day)
}

/// A2: on a full disk, a mail may be sent but not marked. It must not be sent again every second.
#[tokio::test]
async fn mail_sent_while_the_store_refuses_writes_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::default());
    let (turn, _go_on) = due_mails(&engine, &["ann"]).await;
    let mut mailer = mailer(folder.path(), 0);
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

#[tokio::test]
async fn what_another_server_sent_today_counts() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::default());
    let (turn, _go_on) = due_mails(&engine, &["ann", "bob", "cat"]).await;
    let mut first = mailer(folder.path(), 2);
    assert!(matches!(first.round(&turn).await, Ok(Round::Sent)));
    let mut next = mailer(folder.path(), 2);
    next.begin(&turn).await.unwrap();
    assert!(matches!(next.round(&turn).await, Ok(Round::Limited(_))));
    let mut with_more = mailer(folder.path(), 3);
    with_more.begin(&turn).await.unwrap();
    assert!(matches!(with_more.round(&turn).await, Ok(Round::Sent)));
    assert_eq!(folder.path().join("new").read_dir().unwrap().count(), 3);
}
