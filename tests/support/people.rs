//! Creates many accounts as the command line does, with one password that is hashed once.

use corkboard::accounts::create_account;
use corkboard::auth::Passwords;
use corkboard::model::{Email, Role};
use corkboard::store::{Origin, Store};

use super::PASSWORD;

pub async fn make(store: &Store, role: Role, emails: &[String]) {
    let hash = Passwords::new(1).unwrap().hash(PASSWORD).await.unwrap();
    store
        .run(Origin::OPERATOR, async |transaction| {
            for email in emails {
                let address = Email::parse(email).unwrap();
                create_account(transaction, role, address, email, hash.clone()).await?;
            }
            Ok::<(), corkboard::accounts::Refusal>(())
        })
        .await
        .unwrap();
}
