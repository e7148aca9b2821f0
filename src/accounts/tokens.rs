//! Single-use secrets that go out by mail.

use std::time::Duration;

use super::Refusal;
use crate::auth::Secret;
use crate::model::{AccountId, Token, TokenId, TokenKind};
use crate::store::{Direction, KeyRange, StoreError, Stored, Transaction, keys};

/// A day for a new mailbox, so that a mail read the next morning still works; an hour for a reset (API.md).
fn lifetime(kind: TokenKind) -> Duration {
    match kind {
        TokenKind::VerifyEmail | TokenKind::ChangeEmail => Duration::from_hours(24),
        TokenKind::ResetPassword => Duration::from_hours(1),
    }
}

/// Tokens of one account that are looked at; each new one of a kind drops the earlier ones, or is
/// refused, so there are few.
const MAX_TOKENS: usize = 16;

/// Links for a new password that are mailed to one account within the hour in which each can be used: whoever asks for
/// more has the last one, or floods somebody else's mailbox.
const MAX_RESETS: usize = 8;

/// Makes a token and drops the account's earlier ones of its kind: only the newest mail works.
pub(super) fn issue(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
) -> Result<Secret<Token>, StoreError> {
    drop_all(transaction, account_id, Some(kind))?;
    make(transaction, account_id, kind)
}

/// Makes a token for a new password; `None`: the account was mailed enough of them. Only the newest works, the earlier ones
/// stay to be counted.
pub(super) fn issue_reset(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<Option<Secret<Token>>, StoreError> {
    let now = transaction.now();
    let mut earlier = all_of(transaction, account_id)?;
    earlier.retain(|token| token.kind == TokenKind::ResetPassword && now < token.expires_at);
    if earlier.len() >= MAX_RESETS {
        return Ok(None);
    }
    // Two that are asked for at once are counted one after the other, and neither outlives a new password set beside it.
    transaction.guard(&keys::log_ins(account_id))?;
    for token in earlier.iter().filter(|token| !token.superseded) {
        let superseded = Token {
            superseded: true,
            ..token.record.clone()
        };
        transaction.update(token, superseded)?;
    }
    make(transaction, account_id, TokenKind::ResetPassword).map(Some)
}

fn make(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
) -> Result<Secret<Token>, StoreError> {
    let now = transaction.now();
    let secret = Secret::generate(TokenId::generate(now));
    transaction.insert(Token {
        token_id: secret.id,
        kind,
        account_id,
        digest: secret.digest(),
        expires_at: now.plus(lifetime(kind)),
        superseded: false,
    })?;
    Ok(secret)
}

/// Takes a token out of the store if it is the right one and still valid.
pub(super) fn redeem(
    transaction: &mut Transaction,
    text: &str,
    kinds: &[TokenKind],
) -> Result<Token, Refusal> {
    let secret = Secret::<Token>::parse(text).ok_or(Refusal::InvalidToken)?;
    let stored: Option<Stored<Token>> = transaction.get(&keys::token(secret.id))?;
    let token = stored.ok_or(Refusal::InvalidToken)?;
    let valid = token.digest == secret.digest()
        && kinds.contains(&token.kind)
        && !token.superseded
        && transaction.now() < token.expires_at;
    if !valid {
        return Err(Refusal::InvalidToken);
    }
    transaction.delete(&token);
    Ok(token.record)
}

/// Drops an account's tokens: all, or those of a kind.
pub(super) fn drop_all(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: Option<TokenKind>,
) -> Result<(), StoreError> {
    for token in all_of(transaction, account_id)? {
        if kind.is_none_or(|kind| kind == token.kind) {
            transaction.delete(&token);
        }
    }
    Ok(())
}

fn all_of(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<Vec<Stored<Token>>, StoreError> {
    let range = KeyRange::prefix(&keys::tokens_by_account(account_id));
    let mut tokens = Vec::new();
    for key in transaction.scan_keys(&range, Direction::Forward, MAX_TOKENS)? {
        let id = key.trailing_id().map(TokenId::from_bytes);
        let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
        tokens.extend(transaction.get::<Token>(&keys::token(id))?);
    }
    Ok(tokens)
}
