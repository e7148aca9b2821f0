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
                "The answer is the same whether or not the address is taken. If it is, its owner gets a mail that says so. One network \
                 can cause five such mails per hour to a mailbox (a network in `campus_networks`, ten times as many), and all \
                 networks together twenty. Beyond that no mail is sent, and the answer is the same.",
            )
            .body::<RegistrationBody>()
            .once()
            .answer::<Registered>(202, "A mail will be sent.")
            .problem(429, "too_many_attempts"),
        operation("POST", "/api/v1/auth/verify-email", "Verifies an address and logs in")
            .detail(
                "Needs the token in the mailed link, and the password chosen at the registration that sent it. For a new address \
                 of an existing account, the account's password. A token allows ten password attempts.",
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
        login("/api/v1/auth/login", "Logs in").detail(
            "A request from the site's own pages also gets a session cookie. Failed logins are limited for each account \
             from one network (an IPv4 address or an IPv6 /64) and for each network. A device that has logged in before is \
             not limited by the failures of others: browsers on the site's pages keep a cookie for this, and other clients may \
             send an earlier access token of the account as the bearer token, expired or not. A new password works after a reset.",
        ),
        login("/authLogin", "Logs in (classic name)"),
        operation("POST", "/api/v1/auth/refresh", "Exchanges a refresh token for new tokens")
            .detail("Each refresh token works once. A retry within 30 seconds gets the same next token; a later use ends the session. Without one in the body, the session cookie is used, and the session gets a new refresh token.")
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
            .empty(204, "The session and its access tokens are ended.")
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
        .empty(202, "If the address has an account, a mail will be sent.")
        .problem(429, "too_many_attempts"),
        operation(
            "POST",
            "/api/v1/auth/reset-password",
            "Sets a new password with a mailed token",
        )
        .body::<ResetBody>()
        .once()
        .empty(204, "The password is set, and all sessions are ended.")
        .problem(422, "invalid_token")
        .problem(429, "too_many_attempts"),
    ]
}

fn me() -> Vec<Operation> {
    vec![
        operation("GET", "/api/v1/me", "The caller's account and profile")
            .if_none_match()
            .answer::<MeView>(200, "The account, and the profile for the caller's role.")
            .etag(),
        operation("PATCH", "/api/v1/me", "Changes the caller's account and profile")
            .detail(
                "A JSON merge patch. A new email address or password needs currentPassword. Facts from the campus's roster \
                 cannot be changed.",
            )
            .if_match()
            .body::<MePatchBody>()
            .answer::<MeView>(200, "The changed record.")
            .etag()
            .problem(422, "wrong_password")
            .problem(429, "too_many_attempts"),
        operation("DELETE", "/api/v1/me", "Deletes the caller's account")
            .if_match()
            .body::<EraseBody>()
            .empty(204, "The caller's data is erased. Records that others need stay without it.")
            .problem(422, "wrong_password")
            .problem(429, "too_many_attempts"),
        operation("GET", "/api/v1/me/export", "All stored data about the caller").content(
            200,
            "A JSON document, as a download.",
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
