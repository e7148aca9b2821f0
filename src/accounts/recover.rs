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
pub fn forgot_password(
    registrar: &Registrar,
    transaction: &mut Transaction,
    email: Option<&Email>,
) -> Result<(), Refusal> {
    transaction.guard(&keys::asked_by_strangers(email))?;
    let Some(email) = email else {
        return Ok(());
    };
    let account: Option<Stored<Account>> = transaction.find(&keys::account_email(email))?;
    let Some(account) = account else {
        return Ok(());
    };
    if !matches!(
        account.status,
        AccountStatus::Active | AccountStatus::Pending
    ) {
        return Ok(());
    }
    if !registrar.outbox.may_ask(transaction, email)? {
        return Ok(());
    }
    // Without the guard, a link requested while a new password is being set would outlive it.
    transaction.guard(&keys::log_ins(account.account_id))?;
    let secret = tokens::issue(transaction, account.account_id, TokenKind::ResetPassword)?;
    let token = secret.reveal();
    let template = MailTemplate::ResetPassword { token };
    let recipient = (&account.record).into();
    registrar.outbox.send(transaction, template, recipient)?;
    Ok(())
}

/// Whether a token can set a password now. Checked before the password is hashed.
pub fn is_reset(reader: &Reader, token: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(secret) = Secret::<Token>::parse(token) else {
        return Ok(false);
    };
    let stored: Option<Stored<Token>> = reader.get(&keys::token(secret.id))?;
    Ok(stored
        .is_some_and(|token| tokens::is_valid(&token, &secret, &[TokenKind::ResetPassword], now)))
}

/// Sets a new password with a mailed token. Returns whose it is.
pub fn reset_password(
    registrar: &Registrar,
    transaction: &mut Transaction,
    token: &str,
    password_hash: &str,
) -> Result<AccountId, Refusal> {
    let token = tokens::find(transaction, token, &[TokenKind::ResetPassword])?;
    let account: Option<Stored<Account>> = transaction.get(&keys::account(token.account_id))?;
    let account = account.ok_or(Refusal::InvalidToken)?;
    let changed = change_password(registrar, transaction, &account, password_hash)?;
    Ok(changed.account_id)
}

/// Sets a password, ends all sessions, drops an unverified new address (whoever asked for it may be the reason for the
/// change), and notifies the mailbox.
pub fn change_password(
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
    let changed = transaction.update(account, changed)?;
    end_all_sessions(transaction, changed.account_id)?;
    for kind in [TokenKind::ResetPassword, TokenKind::ChangeEmail] {
        tokens::drop_all(transaction, changed.account_id, Some(kind))?;
    }
    let template = MailTemplate::PasswordChanged;
    let recipient = (&changed.record).into();
    registrar.outbox.notify(transaction, template, recipient)?;
    transaction.log(Event::PasswordChanged {
        account_id: changed.account_id,
    })?;
    Ok(changed)
}
