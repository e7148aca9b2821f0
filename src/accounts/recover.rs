//! Passwords: reset and change. A new password ends all sessions of the account.

use super::session::end_all_sessions;
use super::{Refusal, Registrar, tokens};
use crate::auth::Secret;
use crate::model::{
    Account, AccountId, AccountStatus, Email, Event, MailTemplate, Timestamp, Token, TokenKind,
};
use crate::store::{Reader, StoreError, Stored, Transaction, keys};

/// Mails a reset link, unless the address has no account or its mailbox has reached its limit. The answer is the same
/// and something is written in every case, so that neither tells whether the address has an account.
pub async fn forgot_password(
    registrar: &Registrar,
    transaction: &mut Transaction,
    email: Option<&Email>,
) -> Result<(), Refusal> {
    transaction.guard(&keys::asked_by_strangers(email)).await?;
    let Some(email) = email else {
        return Ok(());
    };
    let account: Option<Stored<Account>> = transaction.find(&keys::account_email(email)).await?;
    let Some(account) = account else {
        return Ok(());
    };
    if !matches!(
        account.status,
        AccountStatus::Active | AccountStatus::Pending
    ) {
        return Ok(());
    }
    if !registrar.outbox.may_ask(transaction, email).await? {
        return Ok(());
    }
    // Without the guard, a link requested while a new password is being set would outlive it.
    transaction
        .guard(&keys::log_ins(account.account_id))
        .await?;
    let secret = tokens::issue(transaction, account.account_id, TokenKind::ResetPassword).await?;
    let token = secret.reveal();
    let template = MailTemplate::ResetPassword { token };
    let recipient = (&account.record).into();
    registrar
        .outbox
        .send(transaction, template, recipient)
        .await?;
    Ok(())
}

/// Whether a token can set a password now. Checked before the password is hashed.
pub async fn is_reset(reader: &Reader, token: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(secret) = Secret::<Token>::parse(token) else {
        return Ok(false);
    };
    let stored: Option<Stored<Token>> = reader.get(&keys::token(secret.id)).await?;
    Ok(stored
        .is_some_and(|token| tokens::is_valid(&token, &secret, &[TokenKind::ResetPassword], now)))
}

/// Sets a new password with a mailed token. Returns whose it is.
pub async fn reset_password(
    registrar: &Registrar,
    transaction: &mut Transaction,
    token: &str,
    password_hash: &str,
) -> Result<AccountId, Refusal> {
    let token = tokens::find(transaction, token, &[TokenKind::ResetPassword]).await?;
    let account: Option<Stored<Account>> =
        transaction.get(&keys::account(token.account_id)).await?;
    let account = account.ok_or(Refusal::InvalidToken)?;
    let changed = change_password(registrar, transaction, &account, password_hash).await?;
    Ok(changed.account_id)
}

/// Sets a password, ends all sessions, drops an unverified new address (whoever asked for it may be the reason for the
/// change), and notifies the mailbox.
pub async fn change_password(
    registrar: &Registrar,
    transaction: &mut Transaction,
    account: &Stored<Account>,
    password_hash: &str,
) -> Result<Stored<Account>, Refusal> {
    let now = transaction.now();
    let changed = Account {
        password_hash: Some(password_hash.into()),
        pending_email: None,
        updated_at: now,
        ..account.record.clone()
    };
    let changed = transaction.update(account, changed).await?;
    end_all_sessions(transaction, changed.account_id).await?;
    for kind in [TokenKind::ResetPassword, TokenKind::ChangeEmail] {
        tokens::drop_all(transaction, changed.account_id, Some(kind)).await?;
    }
    let template = MailTemplate::PasswordChanged;
    let recipient = (&changed.record).into();
    registrar
        .outbox
        .notify(transaction, template, recipient)
        .await?;
    transaction.log(Event::PasswordChanged {
        account_id: changed.account_id,
    })?;
    Ok(changed)
}
