//! Describes the routes of accounts and of the caller's own record.

use serde_json::json;

use super::bodies::{MePatchBody, RegistrationBody};
use super::operation::{JSON, Operation, operation};
use crate::http::accounts::{ForgotBody, Registered, ResetBody, VerifyBody};
use crate::http::me::EraseBody;
use crate::http::sessions::{LoginBody, RefreshBody, SignedIn};
use crate::http::views::MeView;

pub fn operations() -> Vec<Operation> {
    [registration(), sessions(), forgotten_password(), me()]
        .into_iter()
        .flatten()
        .collect()
}

fn registration() -> Vec<Operation> {
    vec![
        operation("POST", "/api/v1/auth/register", "Registers a student or an employer")
            .detail(
                "The answer is the same whether or not the address is taken; its owner gets a mail that says so. A mailbox gets \
                 five such mails an hour from one network (ten times that from one of `campus_networks`), and never more than \
                 twenty in all; beyond that none is sent, and the answer stays the same.",
            )
            .body::<RegistrationBody>()
            .once()
            .answer::<Registered>(202, "A mail is on its way.")
            .problem(429, "too_many_attempts"),
        operation("POST", "/api/v1/auth/verify-email", "Proves a mailbox and signs in")
            .detail(
                "The token of the mailed link and the password chosen at the registration that sent it; for a new e-mail \
                 address of an account, the account's password. Ten passwords may be tried with one token.",
            )
            .body::<VerifyBody>()
            .once()
            .answer::<SignedIn>(200, "The tokens.")
            .problem(403, "account_suspended")
            .problem(422, "invalid_token, wrong_registration_password")
            .problem(429, "too_many_attempts"),
    ]
}

fn login(path: &'static str, summary: &'static str) -> Operation {
    operation("POST", path, summary)
        .body::<LoginBody>()
        .once()
        .answer::<SignedIn>(200, "The tokens.")
        .problem(401, "invalid_credentials")
        .problem(403, "email_unverified, account_suspended")
        .problem(429, "too_many_attempts")
}

fn sessions() -> Vec<Operation> {
    vec![
        login("/api/v1/auth/login", "Signs in").detail(
            "A request from the site's own pages also gets the tokens as cookies. Failed log-ins are limited for each account \
             from one network (an IPv4 address or an IPv6 /64) and for each network. A device that has signed in before is \
             not held up by the failures of others: a page's browser keeps a cookie for that, and any other client may send an \
             earlier access token of the account as its bearer token, expired or not. After a reset the new password is let in.",
        ),
        login("/authLogin", "Signs in, under its classic name"),
        operation("POST", "/api/v1/auth/refresh", "Gives new tokens for a refresh token")
            .detail("Each refresh token works once; a second use ends the session. Without one in the body the cookie counts.")
            .body::<RefreshBody>()
            .optional()
            .once()
            .answer::<SignedIn>(200, "The tokens.")
            .problem(401, "invalid_token")
            .problem(403, "forbidden"),
        operation("POST", "/api/v1/auth/logout", "Ends a session")
            .body::<RefreshBody>()
            .optional()
            .once()
            .empty(204, "The session is over, its access tokens included.")
            .problem(401, "unauthenticated")
            .problem(403, "forbidden"),
    ]
}

fn forgotten_password() -> Vec<Operation> {
    vec![
        operation(
            "POST",
            "/api/v1/auth/forgot-password",
            "Mails a link to set a new password",
        )
        .body::<ForgotBody>()
        .once()
        .empty(202, "If the address has an account, a mail is on its way.")
        .problem(429, "too_many_attempts"),
        operation(
            "POST",
            "/api/v1/auth/reset-password",
            "Sets a new password with a mailed token",
        )
        .body::<ResetBody>()
        .once()
        .empty(204, "Done; all sessions are over.")
        .problem(422, "invalid_token")
        .problem(429, "too_many_attempts"),
    ]
}

fn me() -> Vec<Operation> {
    vec![
        operation("GET", "/api/v1/me", "The caller's account and profile")
            .if_none_match()
            .answer::<MeView>(200, "Account, and the profile of the caller's kind.")
            .etag(),
        operation("PATCH", "/api/v1/me", "Changes the caller's account and profile")
            .detail(
                "A JSON merge patch. A new e-mail address or password needs currentPassword. Facts that the campus's roster has \
                 set cannot be changed.",
            )
            .if_match()
            .body::<MePatchBody>()
            .answer::<MeView>(200, "As it is now.")
            .etag()
            .problem(422, "wrong_password")
            .problem(429, "too_many_attempts"),
        operation("DELETE", "/api/v1/me", "Erases the caller")
            .if_match()
            .body::<EraseBody>()
            .empty(204, "Name and words are gone; records that others need stay without them.")
            .problem(422, "wrong_password")
            .problem(429, "too_many_attempts"),
        operation("GET", "/api/v1/me/export", "All that is kept of the caller").content(
            200,
            "One JSON document, as a download.",
            JSON,
            json!({
                "type": "object",
                "required": [
                    "account", "student", "employer", "applications", "jobs", "files", "mails", "sessions",
                ],
            }),
        ),
    ]
}
