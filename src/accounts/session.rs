//! Sessions: opened at login, looked up at every request, ended in many ways.

use super::{Refusal, Registrar};
use crate::auth::Secret;
use crate::model::{Account, AccountId, Identity, Party, Role, Session, SessionId, Timestamp};
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, Transaction, keys};

/// Most sessions of one account. One more ends the oldest.
const MAX_SESSIONS: usize = 50;

/// A session and the secrets of its owner.
pub struct Opened {
    pub session: Session,
    /// Renews it.
    pub refresh_token: String,
    /// Its token for a browser, which is only known when it is opened.
    pub cookie_token: Option<String>,
}

pub async fn open_session(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account: &Account,
) -> Result<Opened, Refusal> {
    let now = transaction.now();
    // Without the guard, a concurrent "end all sessions" would miss this one.
    transaction
        .guard(&keys::log_ins(account.account_id))
        .await?;
    let own = session_ids(transaction, account.account_id).await?;
    for id in own
        .iter()
        .take((own.len() + 1).saturating_sub(MAX_SESSIONS))
    {
        end_session(transaction, *id).await?;
    }
    let secret = Secret::generate(SessionId::generate(now));
    let cookie: Secret<Session> = Secret::generate(secret.id);
    let session = Session {
        session_id: secret.id,
        account_id: account.account_id,
        role: account.role,
        student_id: account.student_id.clone(),
        employee_id: account.employee_id.clone(),
        refresh_digest: secret.digest(),
        created_at: now,
        expires_at: now.plus(registrar.refresh_lifetime),
        replaced: None,
        cookie_digest: Some(cookie.digest()),
    };
    let session = transaction.insert(session).await?.record;
    Ok(Opened {
        session,
        refresh_token: secret.reveal(),
        cookie_token: Some(cookie.reveal()),
    })
}

/// The identity of a session's access tokens, or `None` if it has ended.
pub async fn identify(
    reader: &Reader,
    session_id: SessionId,
    now: Timestamp,
) -> Result<Option<Identity>, StoreError> {
    let stored: Option<Stored<Session>> = reader.get(&keys::session(session_id)).await?;
    let open = stored.filter(|session| now < session.expires_at);
    open.map(|session| identity(session.record)).transpose()
}

/// The same for the token in a browser's cookie, and whether it is time to keep the session alive.
pub async fn identify_by_cookie(
    registrar: &Registrar,
    reader: &Reader,
    token: &str,
    now: Timestamp,
) -> Result<Option<(Identity, bool)>, StoreError> {
    let Some(secret) = Secret::<Session>::parse(token) else {
        return Ok(None);
    };
    let stored: Option<Stored<Session>> = reader.get(&keys::session(secret.id)).await?;
    let is_its = |session: &Stored<Session>| {
        now < session.expires_at && session.cookie_digest == Some(secret.digest())
    };
    let Some(session) = stored.filter(is_its) else {
        return Ok(None);
    };
    let is_due = is_due(registrar, &session, now);
    Ok(Some((identity(session.record)?, is_due)))
}

/// Whether a session that is in use should end later: once a day if it lasts for a month, so that few requests write.
fn is_due(registrar: &Registrar, session: &Session, now: Timestamp) -> bool {
    let lifetime = registrar.refresh_lifetime;
    session.expires_at < now.plus(lifetime / 30 * 29)
}

/// Lets a session that is in use last as long as a new one, unless it has ended.
pub async fn keep_alive(
    registrar: &Registrar,
    transaction: &mut Transaction,
    id: SessionId,
) -> Result<(), StoreError> {
    let now = transaction.now();
    let stored: Option<Stored<Session>> = transaction.get(&keys::session(id)).await?;
    let open = stored.filter(|session| now < session.expires_at);
    if let Some(session) = open.filter(|session| is_due(registrar, session, now)) {
        let kept = Session {
            expires_at: now.plus(registrar.refresh_lifetime),
            ..session.record.clone()
        };
        transaction.update(&session, kept).await?;
    }
    Ok(())
}

fn identity(session: Session) -> Result<Identity, StoreError> {
    let session_id = session.session_id;
    let party = match (session.role, session.student_id, session.employee_id) {
        (Role::Student, Some(id), _) => Party::Student(id),
        (Role::Employer, _, Some(id)) => Party::Employer(id),
        (Role::Admin, _, _) => Party::Admin,
        _ => {
            return Err(StoreError::Corrupt(format!(
                "session {session_id} without its profile"
            )));
        }
    };
    Ok(Identity {
        account_id: session.account_id,
        session_id,
        party,
    })
}

/// Whether a session is open. It stays open until the change is committed, so a request that began before its account was
/// erased adds nothing to the account afterwards.
pub async fn is_open(transaction: &mut Transaction, id: SessionId) -> Result<bool, StoreError> {
    Ok(transaction.row(&keys::session(id)).await?.is_some())
}

pub async fn end_session(transaction: &mut Transaction, id: SessionId) -> Result<(), StoreError> {
    if let Some(session) = transaction.get::<Session>(&keys::session(id)).await? {
        transaction.delete(&session);
    }
    Ok(())
}

pub async fn end_all_sessions(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<(), StoreError> {
    transaction.guard(&keys::log_ins(account_id)).await?;
    for id in session_ids(transaction, account_id).await? {
        end_session(transaction, id).await?;
    }
    Ok(())
}

pub(super) async fn session_ids(
    transaction: &Transaction,
    account_id: AccountId,
) -> Result<Vec<SessionId>, StoreError> {
    let range = KeyRange::prefix(&keys::sessions_by_account(account_id));
    let found = transaction
        .scan_keys(&range, Direction::Forward, MAX_SESSIONS)
        .await?;
    found.iter().map(keys::indexed_id::<Session>).collect()
}
