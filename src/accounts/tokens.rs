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

/// Tokens of one account that are looked at; each new one of a kind drops the earlier ones, so there are few.
const MAX_TOKENS: usize = 16;

/// Makes a token and drops the account's earlier ones of its kind: only the newest mail works.
pub(super) fn issue(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
) -> Result<Secret<Token>, StoreError> {
    drop_all(transaction, account_id, Some(kind))?;
    let now = transaction.now();
    let secret = Secret::generate(TokenId::generate(now));
    transaction.insert(Token {
        token_id: secret.id,
        kind,
        account_id,
        digest: secret.digest(),
        expires_at: now.plus(lifetime(kind)),
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
    let range = KeyRange::prefix(&keys::tokens_by_account(account_id));
    for key in transaction.scan_keys(&range, Direction::Forward, MAX_TOKENS)? {
        let id = key.trailing_id().map(TokenId::from_bytes);
        let id = id.ok_or_else(|| StoreError::Corrupt(format!("index key {key:?}")))?;
        if let Some(token) = transaction.get::<Token>(&keys::token(id))?
            && kind.is_none_or(|kind| kind == token.kind)
        {
            transaction.delete(&token);
        }
    }
    Ok(())
}
