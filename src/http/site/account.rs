//! Logging in and out, registering, and the links in mails about accounts.

use actix_web::HttpResponse;
use actix_web::http::header;
use minijinja::{Value, context};
use serde_json::{Map, json};

use super::form::Form;
use super::navigation::home;
use super::page::{Page, empty_form, safe_next, see_other, set_cookie};
use crate::http::accounts::{self, enter_by_link};
use crate::http::caller::{Anyone, Caller, Public};
use crate::http::cookies;
use crate::http::problem::{Code, Problem};
use crate::http::sessions::{self, add_cookies, authenticate};
use crate::model::{AccountStatus, Email, FieldFault, Invalid};

/// GET /login
pub async fn log_in_form(caller: Caller<Public>, page: Page) -> Result<HttpResponse, Problem> {
    let next = page.query("next").unwrap_or_default();
    if let Some(identity) = &caller.who {
        return Ok(see_other(&page.next_or_home(&next, identity.role())));
    }
    // The browser has the cookie of a session that the server no longer knows.
    let has_ended = cookies::sessions(&page.request, &page.state)
        .next()
        .is_some();
    let values = context! { next, has_ended, form => empty_form(context! { email => "" }) };
    let mut response = page.show("log_in.html", values).await?;
    if has_ended {
        set_cookie(&mut response, &cookies::ended(&page.state))?;
    }
    Ok(response)
}

/// POST /login
pub async fn log_in(
    caller: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let origin = caller.origin;
    let (email, password) = (form.text("email").trim(), form.text("password"));
    let logged_in = match form.needs(&["email", "password"]) {
        Ok(()) => authenticate(origin, &page.request, &page.state, email, password).await,
        Err(missing) => Err(missing),
    };
    match logged_in {
        Ok((opened, account)) => {
            sessions::end_replaced_session(origin, &page.request, &page.state).await;
            let mut response = see_other(&page.next_or_home(form.text("next"), account.role));
            add_cookies(&page.state, &mut response, &opened, &account)?;
            Ok(response)
        }
        Err(problem) => {
            let values = context! { next => form.text("next"), has_ended => false };
            page.again("log_in.html", &form, &problem, values).await
        }
    }
}

/// POST /logout. Browsers also forget what was typed, for the next person at this device.
pub async fn log_out(caller: Caller<Anyone>, page: Page, _: Form) -> Result<HttpResponse, Problem> {
    sessions::end_own_session(caller.origin, &page.request, &page.state).await?;
    let mut response = see_other("/");
    set_cookie(&mut response, &cookies::ended(&page.state))?;
    forget_storage(&mut response);
    Ok(response)
}

/// The browser forgets what was typed.
pub fn forget_storage(response: &mut HttpResponse) {
    let clear = header::HeaderName::from_static("clear-site-data");
    let storage = header::HeaderValue::from_static("\"storage\"");
    response.headers_mut().insert(clear, storage);
}

/// The values of the sign-up page besides the form.
fn sign_up_values(page: &Page, role: &str, next: &str) -> Value {
    context! { role, next, trusts_campus => page.state.config.accounts.trust_campus_employers }
}

/// GET /register
pub async fn sign_up_form(caller: Caller<Public>, page: Page) -> Result<HttpResponse, Problem> {
    if let Some(identity) = &caller.who {
        return Ok(see_other(home(Some(identity.role()))));
    }
    let role = page.query("role").filter(|role| role == "employer");
    let role = role.unwrap_or_else(|| "student".into());
    let form =
        context! { name => "", email => "", skills => "", workSpace => "", setting => "onCampus" };
    let next = page.query("next").unwrap_or_default();
    let values = context! { form => empty_form(form), ..sign_up_values(&page, &role, &next) };
    page.show("sign_up.html", values).await
}

/// POST /register
pub async fn sign_up(
    caller: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let role = form.text("role");
    let mut members = Map::new();
    for name in ["role", "name", "password"] {
        members.insert(name.into(), form.text(name).into());
    }
    members.insert("email".into(), form.text("email").trim().into());
    if role == "employer" {
        for name in ["setting", "workSpace"] {
            if !form.is_blank(name) {
                members.insert(name.into(), form.text(name).into());
            }
        }
    } else if !form.is_blank("skills") {
        members.insert("skills".into(), json!(listed(form.text("skills"))));
    }
    let (request, state) = (page.request.clone(), page.state.clone());
    let sent = match form.needs(&["name", "email", "password"]) {
        Ok(()) => accounts::register(caller, request, state, Form::json(members)?).await,
        Err(missing) => Err(missing),
    };
    match sent {
        Ok(_) => {
            let values = context! { email => form.text("email").trim() };
            let mut response = page.show("sign_up_sent.html", values).await?;
            if let Some(next) = safe_next(form.text("next")) {
                set_cookie(&mut response, &cookies::next(&page.state, next))?;
            }
            Ok(response)
        }
        Err(problem) => {
            let values = sign_up_values(&page, role, form.text("next"));
            page.again("sign_up.html", &form, &problem, values).await
        }
    }
}

/// Words that are separated by commas.
pub fn listed(text: &str) -> Vec<&str> {
    let words = text.split([',', ';', '\n']).map(str::trim);
    words.filter(|word| !word.is_empty()).collect()
}

/// GET /verify-email: the link in a mail. Only the form that it shows confirms, so a mail scanner that opens links confirms
/// nothing.
pub async fn confirm_form(_: Caller<Anyone>, page: Page) -> Result<HttpResponse, Problem> {
    let token = page.query("token").unwrap_or_default();
    let values = context! { token, state => "open", form => empty_form(context! {}) };
    page.show("confirm.html", values).await
}

/// POST /verify-email
pub async fn confirm(
    caller: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let origin = caller.origin;
    let (token, password) = (form.text("token"), form.text("password"));
    let confirmed = match form.needs(&["password"]) {
        Ok(()) => enter_by_link(origin, &page.request, &page.state, token, password).await,
        Err(missing) => Err(missing),
    };
    match confirmed {
        Ok((opened, account)) => {
            sessions::end_replaced_session(origin, &page.request, &page.state).await;
            let next = page.remembered_next();
            let go_on = next.as_deref().unwrap_or(home(Some(account.role)));
            let values = context! {
                state => "done", token => "", email => account.email.as_str(), go_on,
                waits => account.status == AccountStatus::Pending, form => empty_form(context! {}),
            };
            let status = actix_web::http::StatusCode::OK;
            let mut response = page.html(status, Some(&account), "confirm.html", values)?;
            add_cookies(&page.state, &mut response, &opened, &account)?;
            if next.is_some() {
                set_cookie(&mut response, &cookies::next(&page.state, ""))?;
            }
            Ok(response)
        }
        Err(problem) => {
            let is_spent = matches!(problem.code(), Code::InvalidToken { .. });
            let values = context! { token, state => if is_spent { "spent" } else { "open" } };
            page.again("confirm.html", &form, &problem, values).await
        }
    }
}

/// GET /forgot-password
pub async fn forgot_form(_: Caller<Anyone>, page: Page) -> Result<HttpResponse, Problem> {
    let values = context! { sent_to => (), form => empty_form(context! { email => "" }) };
    page.show("forgot.html", values).await
}

/// POST /forgot-password
pub async fn forgot(
    caller: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let email = form.text("email").trim();
    let (request, state) = (page.request.clone(), page.state.clone());
    let body = Form::json([("email".to_owned(), email.into())].into_iter().collect())?;
    // The API's answer is the same for any text.
    let is_email = Email::parse(email).map_err(|_| Invalid::one("email", FieldFault::NotAnEmail));
    let sent = match form.needs(&["email"]).and(is_email.map_err(Problem::from)) {
        Ok(_) => accounts::forgot_password(caller, request, state, body).await,
        Err(wrong) => Err(wrong),
    };
    match sent {
        Ok(_) => {
            let values = context! { sent_to => email, form => empty_form(context! { email }) };
            page.show("forgot.html", values).await
        }
        Err(problem) => {
            page.again("forgot.html", &form, &problem, context! { sent_to => () })
                .await
        }
    }
}

/// GET /reset-password: the link in a mail.
pub async fn reset_form(_: Caller<Anyone>, page: Page) -> Result<HttpResponse, Problem> {
    let token = page.query("token").unwrap_or_default();
    let values = context! { token, is_done => false, form => empty_form(context! {}) };
    page.show("reset.html", values).await
}

/// POST /reset-password
pub async fn reset(
    caller: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (request, state) = (page.request.clone(), page.state.clone());
    let members = ["token", "password"].map(|name| (name.to_owned(), form.text(name).into()));
    let body = Form::json(members.into_iter().collect())?;
    let done = match form.needs(&["password"]) {
        Ok(()) => accounts::reset_password(caller, request, state, body).await,
        Err(missing) => Err(missing),
    };
    match done {
        Ok(_) => {
            let values = context! { token => "", is_done => true, form => empty_form(context! {}) };
            page.show("reset.html", values).await
        }
        Err(problem) => {
            let values = context! { token => form.text("token"), is_done => false };
            page.again("reset.html", &form, &problem, values).await
        }
    }
}
