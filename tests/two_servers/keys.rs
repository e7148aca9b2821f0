//! The keys of access tokens belong to the database, not to a server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use corkboard::model::{Role, Timestamp};
use corkboard::store::{Origin, StoreError, Transaction, keys};
use serde_json::{Value, json};

use super::Place;
use crate::support::{Person, until};

const EMAIL: &str = "office@example.edu";
const FILE_OF_EARLIER_VERSIONS: &str = "access-keys.json";

impl Place {
    /// The keys, newest first.
    async fn keys(&self) -> Vec<Value> {
        let row = self
            .store
            .read()
            .unwrap()
            .bytes(&keys::signing_keys())
            .await;
        serde_json::from_slice(&row.unwrap().unwrap()).unwrap()
    }
}

fn key(kid: &str, secret: u8, made_at: Timestamp) -> Value {
    json!({ "kid": kid, "secret": vec![secret; 32], "madeAt": made_at })
}

/// The name of the key that signed a person's token.
fn kid(person: &Person) -> String {
    let head = person.token.split('.').next().unwrap();
    let head = URL_SAFE_NO_PAD.decode(head).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_of_one_server_counts_on_the_other() {
    let place = Place::new();
    let [one, other] = place.serve_both();
    place.account(Role::Admin, EMAIL).await;
    let made = place.keys().await;
    assert_eq!(made.len(), 1, "two starts make one key");
    for (here, there) in [(&one, &other), (&other, &one)] {
        let admin = here.login(EMAIL).await;
        assert_eq!(kid(&admin), made[0]["kid"]);
        there.get(Some(&admin), "me").await.expect(200);
    }
    let admin = one.login(EMAIL).await;
    drop((one, other));
    let again = place.serve(1);
    again.get(Some(&admin), "me").await.expect(200);
    assert_eq!(place.keys().await, made);
    assert!(place.done(&["check"]).ends_with(" No problems found.\n"));

    // Neither a backup nor an export can be used to sign tokens.
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("one.backup");
    place.done(&["backup", backup.to_str().unwrap()]);
    let backup = std::fs::read(backup).unwrap();
    let export = folder.path().join("export");
    place.done(&["export", export.to_str().unwrap()]);
    let export = std::fs::read(export.join("records.jsonl")).unwrap();
    let kid = made[0]["kid"].as_str().unwrap().as_bytes();
    for file in [backup, export] {
        assert!(!file.windows(kid.len()).any(|part| part == kid));
    }
}

/// Nobody is logged out by an update.
#[tokio::test]
async fn the_keys_of_an_earlier_version_are_taken_over() {
    let place = Place::new();
    let now = place.store.clock().now();
    let files = [0, 1].map(|which| place.folders[which].path().join(FILE_OF_EARLIER_VERSIONS));
    for (which, file) in files.iter().enumerate() {
        let keys = json!([key(&format!("server {which}"), which as u8, now)]);
        std::fs::write(file, keys.to_string()).unwrap();
    }
    let one = place.serve(0);
    place.account(Role::Admin, EMAIL).await;
    let admin = one.login(EMAIL).await;
    assert_eq!(kid(&admin), "server 0");
    let other = place.serve(1);
    other.get(Some(&admin), "me").await.expect(200);
    assert_eq!(kid(&other.login(EMAIL).await), "server 0");
    for file in files {
        assert!(!file.exists());
    }
}

#[tokio::test]
async fn an_old_key_is_replaced_once_and_signs_until_all_servers_know_the_new_one() {
    let place = Place::new();
    let now = place.store.clock().now();
    let old = key(
        "old",
        1,
        now.minus(std::time::Duration::from_hours(91 * 24)),
    );
    let bytes = serde_json::to_vec(&json!([old])).unwrap();
    let write = async |transaction: &mut Transaction| {
        transaction
            .put_bytes(&keys::signing_keys(), bytes.clone())
            .await
    };
    place
        .store
        .run::<_, StoreError>(Origin::OPERATOR, write)
        .await
        .unwrap();
    let [one, other] = place.serve_both();
    let is_replaced = async || place.keys().await.len() == 2;
    until("the key is replaced", is_replaced).await;
    assert_eq!(place.keys().await[1], old);
    place.account(Role::Admin, EMAIL).await;
    for (here, there) in [(&one, &other), (&other, &one)] {
        let admin = here.login(EMAIL).await;
        assert_eq!(kid(&admin), "old");
        there.get(Some(&admin), "me").await.expect(200);
    }
}
