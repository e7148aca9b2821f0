//! Logging in, refreshing, logging out.

use std::time::Duration;

use super::session::end_session;
use super::{Opened, Refusal, Registrar};
use crate::auth::{LoggedFailure, Secret};
use crate::model::{
    Account, AccountId, AccountStatus, Email, Event, ReplacedToken, Session, SessionId, Timestamp,
};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// Of the failures of one address and network, one is logged within this time.
const ONE_FAILURE_A: Duration = Duration::from_mins(1);

/// The account with an address, so that its password can be checked.
pub async fn credentials(
    reader: &Reader,
    email: &Email,
) -> Result<Option<Stored<Account>>, StoreError> {
    reader.find(&keys::account_email(email)).await
}

/// Whether an account whose password was right may log in.
pub(super) fn admit(account: &Account) -> Result<(), Refusal> {
    match account.status {
        AccountStatus::Pending | AccountStatus::Active => Ok(()),
        AccountStatus::Unverified => Err(Refusal::EmailUnverified),
        AccountStatus::Suspended => Err(Refusal::Suspended),
        AccountStatus::Erased => Err(Refusal::InvalidCredentials),
    }
}

impl Registrar {
    /// Opens a session for an account whose password was right when it was read at version `checked`. `new_hash`
    /// replaces an outdated hash of the same password.
    pub async fn sign_in(
        &self,
        transaction: &mut Transaction,
        checked: &Stored<Account>,
        new_hash: Option<&str>,
    ) -> Result<(Opened, Account), Refusal> {
        let current: Option<Stored<Account>> =
            transaction.get(&keys::account(checked.account_id)).await?;
        let mut account = current.ok_or(Refusal::InvalidCredentials)?;
        if account.password_hash != checked.password_hash {
            return Err(Refusal::InvalidCredentials);
        }
        admit(&account)?;
        if let Some(hash) = new_hash {
            let renewed = Account {
                password_hash: Some(hash.into()),
                ..account.record.clone()
            };
            account = transaction.update(&account, renewed).await?;
        }
        let opened = super::open_session(self, transaction, &account).await?;
        transaction.log(Event::LoggedIn {
            account_id: account.account_id,
        })?;
        Ok((opened, account.record))
    }
}

/// Logs a failed login, unless another server has logged one of the same address and network within the last minute: then it
/// returns false. `account_id` is set if the address has an account.
pub async fn note_failed_log_in(
    transaction: &mut Transaction,
    account_id: Option<AccountId>,
    failure: &LoggedFailure,
) -> Result<bool, StoreError> {
    let (key, now) = (keys::logged_failure(failure.digest), transaction.now());
    let digest = failure.digest.to_be_bytes();
    let last = transaction
        .row(&key)
        .await?
        .map_or(Vec::new(), |row| row.value);
    if let Some((one, at)) = last.split_first_chunk::<8>()
        && *one == digest
        && let Ok(at) = at.try_into()
        && now < Timestamp::from_millis(i64::from_be_bytes(at)).plus(ONE_FAILURE_A)
    {
        return Ok(false);
    }
    let at = now.as_millis().to_be_bytes();
    transaction.put_bytes(&key, [digest, at].concat()).await?;
    transaction.log(Event::LogInFailed {
        account_id,
        suppressed: failure.suppressed,
    })?;
    Ok(true)
}

pub enum Refreshed {
    Renewed(Box<(Opened, Account)>),
    /// The token was used long before. Somebody else may have it, so the session was ended.
    Reused,
}

/// How long a client may use a refresh token again, because it did not get the answer.
const RETRY_WITHIN: Duration = Duration::from_secs(30);

/// Exchanges a refresh token for the next one. A retry gets the same one. Commit the change even if the answer is `Reused`.
pub async fn refresh(
    registrar: &Registrar,
    transaction: &mut Transaction,
    token: &str,
) -> Result<Refreshed, Refusal> {
    let secret = Secret::<Session>::parse(token).ok_or(Refusal::InvalidToken)?;
    let stored: Option<Stored<Session>> = transaction.get(&keys::session(secret.id)).await?;
    let session = stored.ok_or(Refusal::InvalidToken)?;
    if session.expires_at <= transaction.now() {
        return Err(Refusal::InvalidToken);
    }
    let now = transaction.now();
    let retried = session.replaced.as_ref().filter(|replaced| {
        replaced.digest == secret.digest() && now < replaced.replaced_at.plus(RETRY_WITHIN)
    });
    if retried.is_none() && session.refresh_digest != secret.digest() {
        end_session(transaction, secret.id).await?;
        transaction.log(Event::RefreshReused {
            account_id: session.account_id,
        })?;
        return Ok(Refreshed::Reused);
    }
    let salt = retried.map_or_else(rand::random, |replaced| replaced.salt);
    let next = secret.next(salt);
    let replaced = ReplacedToken {
        digest: secret.digest(),
        salt,
        replaced_at: retried.map_or(now, |replaced| replaced.replaced_at),
    };
    let renewed = renew(registrar, transaction, &session, &next, Some(replaced)).await?;
    Ok(Refreshed::Renewed(Box::new(renewed)))
}

/// A new refresh token for whoever has the session's cookie. The one before no longer works.
pub async fn refresh_by_cookie(
    registrar: &Registrar,
    transaction: &mut Transaction,
    id: SessionId,
) -> Result<(Opened, Account), Refusal> {
    let stored: Option<Stored<Session>> = transaction.get(&keys::session(id)).await?;
    let session = stored.filter(|session| transaction.now() < session.expires_at);
    let session = session.ok_or(Refusal::InvalidToken)?;
    renew(
        registrar,
        transaction,
        &session,
        &Secret::generate(id),
        None,
    )
    .await
}

async fn renew(
    registrar: &Registrar,
    transaction: &mut Transaction,
    session: &Stored<Session>,
    next: &Secret<Session>,
    replaced: Option<ReplacedToken>,
) -> Result<(Opened, Account), Refusal> {
    let account: Option<Stored<Account>> =
        transaction.get(&keys::account(session.account_id)).await?;
    let account = account.ok_or(Refusal::InvalidToken)?;
    admit(&account)?;
    let renewed = Session {
        refresh_digest: next.digest(),
        expires_at: transaction.now().plus(registrar.refresh_lifetime),
        replaced,
        ..session.record.clone()
    };
    let session = transaction.update(session, renewed).await?.record;
    let opened = Opened {
        session,
        refresh_token: next.reveal(),
        cookie_token: None,
    };
    Ok((opened, account.record))
}

/// Ends the session of a refresh token, even a spent one. An unknown token has no session, which is not an error.
pub async fn sign_out(transaction: &mut Transaction, token: &str) -> Result<(), StoreError> {
    match Secret::<Session>::parse(token) {
        Some(secret) => end_session(transaction, secret.id).await,
        None => Ok(()),
    }
}
