//! Single-use secrets that are sent by mail.

use std::time::Duration;

use super::Refusal;
use crate::auth::Secret;
use crate::model::{AccountId, Claim, Timestamp, Token, TokenId, TokenKind};
use crate::store::{Direction, KeyRange, StoreError, Stored, Transaction, keys};

/// One day for a new address, so that a mail read the next morning still works; one hour for a reset
/// (src/http/README.md).
fn lifetime(kind: TokenKind) -> Duration {
    match kind {
        TokenKind::VerifyEmail | TokenKind::ChangeEmail => Duration::from_hours(24),
        TokenKind::ResetPassword => Duration::from_hours(1),
    }
}

/// Most links to keep per account. Each registration of an unverified address creates one, and beyond this the oldest
/// is deleted. A mailbox gets fewer mails than this while a link is valid.
const MAX_TOKENS: usize = 500;

/// Most password attempts per link.
const MAX_TRIES: u32 = 10;

/// Creates a token and deletes the account's earlier ones of the same kind, so that only the newest mail works.
pub(super) async fn issue(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
) -> Result<Secret<Token>, StoreError> {
    drop_all(transaction, account_id, Some(kind)).await?;
    make(transaction, account_id, kind, None).await
}

/// Creates a link for one registration. Links of other registrations of the same address stay.
pub(super) async fn issue_claim(
    transaction: &mut Transaction,
    account_id: AccountId,
    claim: Claim,
) -> Result<Secret<Token>, StoreError> {
    let earlier = ids(transaction, account_id).await?;
    for id in earlier
        .iter()
        .take((earlier.len() + 1).saturating_sub(MAX_TOKENS))
    {
        if let Some(oldest) = transaction.get::<Token>(&keys::token(*id)).await? {
            transaction.delete(&oldest);
        }
    }
    make(transaction, account_id, TokenKind::VerifyEmail, Some(claim)).await
}

async fn make(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
    claim: Option<Claim>,
) -> Result<Secret<Token>, StoreError> {
    let now = transaction.now();
    let secret = Secret::generate(TokenId::generate(now));
    transaction
        .insert(Token {
            token_id: secret.id,
            kind,
            account_id,
            digest: secret.digest(),
            expires_at: now.plus(lifetime(kind)),
            superseded: false,
            claim,
            tries: 0,
        })
        .await?;
    Ok(secret)
}

/// The token of a link, if it has one of these kinds and still works.
pub(super) async fn find(
    transaction: &mut Transaction,
    text: &str,
    kinds: &[TokenKind],
) -> Result<Stored<Token>, Refusal> {
    let secret = Secret::<Token>::parse(text).ok_or(Refusal::InvalidToken)?;
    let stored: Option<Stored<Token>> = transaction.get(&keys::token(secret.id)).await?;
    let token = stored.ok_or(Refusal::InvalidToken)?;
    if !is_valid(&token, &secret, kinds, transaction.now()) {
        return Err(Refusal::InvalidToken);
    }
    match (token.superseded, token.kind) {
        (false, _) => Ok(token),
        (true, TokenKind::ResetPassword) => Err(Refusal::InvalidToken),
        (true, _) => Err(Refusal::AlreadyVerified),
    }
}

/// Whether this is the token's secret, and the token has one of these kinds and is not expired.
pub(super) fn is_valid(
    token: &Token,
    secret: &Secret<Token>,
    kinds: &[TokenKind],
    now: Timestamp,
) -> bool {
    token.digest == secret.digest() && kinds.contains(&token.kind) && now < token.expires_at
}

/// Counts a password attempt for a link. Counted before the password is checked, so that concurrent attempts cannot
/// exceed the limit.
pub(super) async fn count_try(
    transaction: &mut Transaction,
    token: &Stored<Token>,
) -> Result<(), Refusal> {
    if token.tries >= MAX_TRIES {
        return Err(Refusal::InvalidToken);
    }
    let tried = Token {
        tries: token.tries + 1,
        ..token.record.clone()
    };
    transaction.update(token, tried).await?;
    Ok(())
}

/// Marks all of an account's links of a kind as used, including those of other registrations.
pub(super) async fn spend_all(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: TokenKind,
) -> Result<(), StoreError> {
    for token in all_of(transaction, account_id).await? {
        if token.kind == kind {
            let spent = Token {
                superseded: true,
                claim: None,
                ..token.record.clone()
            };
            transaction.update(&token, spent).await?;
        }
    }
    Ok(())
}

/// Deletes an account's tokens: all, or those of one kind.
pub(super) async fn drop_all(
    transaction: &mut Transaction,
    account_id: AccountId,
    kind: Option<TokenKind>,
) -> Result<(), StoreError> {
    for token in all_of(transaction, account_id).await? {
        if kind.is_none_or(|kind| kind == token.kind) {
            transaction.delete(&token);
        }
    }
    Ok(())
}

async fn all_of(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<Vec<Stored<Token>>, StoreError> {
    let mut tokens = Vec::new();
    for id in ids(transaction, account_id).await? {
        tokens.extend(transaction.get::<Token>(&keys::token(id)).await?);
    }
    Ok(tokens)
}

/// Oldest first.
async fn ids(transaction: &Transaction, account_id: AccountId) -> Result<Vec<TokenId>, StoreError> {
    let range = KeyRange::prefix(&keys::tokens_by_account(account_id));
    let found = transaction
        .scan_keys(&range, Direction::Forward, MAX_TOKENS)
        .await?;
    found.iter().map(keys::indexed_id::<Token>).collect()
}
