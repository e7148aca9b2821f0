//! A person's profile, what the campus knows about a student, the password, and the person's data.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::account::{forget_storage, listed};
use super::amount::amount;
use super::form::Form;
use super::page::{DRAFT, Page, empty_form, see_other, set_cookie};
use crate::accounts::{self, Me};
use crate::http::caller::{Caller, SignedIn};
use crate::http::cookies;
use crate::http::etag::IfMatch;
use crate::http::me;
use crate::http::problem::Problem;
use crate::http::sessions::{add_cookies, authenticate};
use crate::http::views::MeView;
use crate::model::{Fact, FieldFault, Invalid, Role, Student};
use crate::words::{Words, sign};

/// The forms of the page. Each is sent alone.
const FORMS: [&str; 4] = ["profile", "facts", "password", "erase"];
const FACTS: [Fact; 5] = [
    Fact::GraduationDate,
    Fact::EnrolledCredits,
    Fact::Gpa,
    Fact::Visa,
    Fact::WorkStudyRemaining,
];

/// A form that was refused.
struct Refused<'a> {
    form: &'a Form,
    problem: &'a Problem,
}

/// GET /profile
pub async fn profile(caller: Caller<SignedIn>, page: Page) -> Result<HttpResponse, Problem> {
    show(&page, &caller, None).await
}

/// POST /profile
pub async fn change_profile(
    caller: Caller<SignedIn>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let changed = match form.text("form") {
        "profile" => save(&caller, &page, words_of(&caller, &page, &form), &form).await,
        "facts" => save(&caller, &page, facts_of(&page, &form), &form).await,
        "password" => change_password(&caller, &page, &form).await,
        "erase" if caller.who.role() != Role::Admin => erase(&caller, &page, &form).await,
        _ => return Err(Problem::not_found()),
    };
    match changed {
        Ok(response) => Ok(response),
        Err(problem) => {
            let (form, problem) = (&form, &problem);
            show(&page, &caller, Some(Refused { form, problem })).await
        }
    }
}

/// A text, or null for none.
fn optional(text: &str) -> Json {
    match text.trim() {
        "" => Json::Null,
        text => text.into(),
    }
}

fn words_of(caller: &Caller<SignedIn>, page: &Page, form: &Form) -> Map<String, Json> {
    let mut members = Map::new();
    members.insert("name".into(), form.text("name").into());
    match caller.who.role() {
        Role::Student => {
            members.insert("skills".into(), json!(listed(form.text("skills"))));
            members.insert("summary".into(), optional(form.text("summary")));
            let languages = &page.state.campus().languages;
            let language = form.text("language");
            if languages.iter().any(|known| known == language) {
                members.insert("preferences".into(), json!({ "language": language }));
            }
        }
        Role::Employer => {
            for name in ["workSpace", "designation"] {
                members.insert(name.into(), optional(form.text(name)));
            }
        }
        Role::Admin => {}
    }
    members
}

/// Only the facts that the form asks for.
fn facts_of(page: &Page, form: &Form) -> Map<String, Json> {
    let sign = sign(&page.state.campus().currency);
    let shown = FACTS.iter().filter(|fact| form.shows(fact.name()));
    let value = |fact: &Fact| {
        let typed = form.text(fact.name());
        match fact {
            Fact::GraduationDate | Fact::Visa => optional(typed),
            _ if typed.trim().is_empty() => Json::Null,
            _ => amount(typed, &sign),
        }
    };
    shown
        .map(|fact| (fact.name().to_owned(), value(fact)))
        .collect()
}

async fn save(
    caller: &Caller<SignedIn>,
    page: &Page,
    members: Map<String, Json>,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    let body = Form::json(members)?;
    let known = IfMatch::of_form(form.text("version"));
    me::change(&page.state, caller, &page.request, &body, &known).await?;
    let mut response = see_other("/profile");
    page.tell(
        &mut response,
        "profile.saved",
        &[(DRAFT, form.text("form"))],
    )?;
    // The mails' language is the pages' too.
    if let Some(language) = Words::languages().find(|one| *one == form.text("language")) {
        set_cookie(&mut response, &cookies::language(&page.state, language))?;
    }
    Ok(response)
}

/// The change ends all sessions, so this browser gets a new one.
async fn change_password(
    caller: &Caller<SignedIn>,
    page: &Page,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    form.needs(&["currentPassword", "password"])?;
    let members = ["currentPassword", "password"];
    let members = members.map(|name| (name.to_owned(), form.text(name).into()));
    let body = Form::json(members.into_iter().collect())?;
    let any = IfMatch::of(&page.request);
    me::change(&page.state, caller, &page.request, &body, &any).await?;
    let mut response = see_other("/profile");
    page.tell(&mut response, "profile.password_done", &[])?;
    let account = accounts::find_account(&page.state.read()?, caller.who.account_id).await?;
    let account = account.ok_or_else(Problem::not_found)?.record;
    let (email, password) = (account.email.as_str(), form.text("password"));
    let opened = authenticate(caller.origin, &page.request, &page.state, email, password);
    // The password is changed in any case. Without a new session, the next page is the login.
    if let Ok((opened, account)) = opened.await {
        add_cookies(&page.state, &mut response, &opened, &account)?;
    }
    Ok(response)
}

async fn erase(
    caller: &Caller<SignedIn>,
    page: &Page,
    form: &Form,
) -> Result<HttpResponse, Problem> {
    // Another name than in the form for a new password, so that an error stays in its own form.
    let password = form.text("erasePassword");
    if password.is_empty() {
        return Err(Invalid::one("erasePassword", FieldFault::Required).into());
    }
    let request: &HttpRequest = &page.request;
    let erased = me::erase_account(&page.state, &caller.who, caller.origin, request, password);
    erased.await.map_err(|problem| {
        if problem.errors().is_empty() {
            return problem;
        }
        let mut invalid = Invalid::default();
        for error in problem.errors() {
            invalid.add("erasePassword", error.fault.clone());
        }
        invalid.into()
    })?;
    let mut response = see_other("/");
    page.tell(&mut response, "profile.erased", &[])?;
    forget_storage(&mut response);
    set_cookie(&mut response, &cookies::ended(&page.state))?;
    Ok(response)
}

/// A fact about a student.
#[derive(Serialize)]
struct ShownFact {
    name: &'static str,
    value: Option<String>,
    is_own: bool,
}

fn facts(page: &Page, student: &Student) -> Vec<ShownFact> {
    let words = page.words;
    let money = |amount| words.money(amount, &page.state.campus().currency);
    let value = |fact| match fact {
        Fact::GraduationDate => student.graduation_date.map(|day| words.date(day)),
        Fact::EnrolledCredits => student.enrolled_credits.map(|number| words.number(number)),
        Fact::Gpa => student.gpa.map(|number| words.number(number)),
        Fact::Visa => student.visa.clone(),
        Fact::WorkStudyRemaining => student.work_study_remaining.map(money),
    };
    let fact = |fact: Fact| ShownFact {
        name: fact.name(),
        value: value(fact),
        is_own: !student.is_roster(fact),
    };
    FACTS.into_iter().map(fact).collect()
}

/// What a form shows before somebody types.
fn stored(page: &Page, me: &Me, form: &str) -> Value {
    let mut values = Map::new();
    let mut set = |name: &str, value: Json| {
        let text = match value {
            Json::Null => String::new(),
            Json::String(text) => text,
            other => other.to_string(),
        };
        values.insert(name.into(), text.into());
    };
    if form == "profile" {
        set("name", json!(me.account.name));
        if let Some((student, _)) = &me.student {
            set("skills", json!(student.skills.join(", ")));
            set("summary", json!(student.summary));
            let usual = page.state.campus().languages.first();
            let language = student.preferences.language.as_ref().or(usual);
            set("language", json!(language));
        }
        if let Some(employer) = &me.employer {
            set("workSpace", json!(employer.work_space));
            set("designation", json!(employer.designation));
        }
    }
    if let Some((student, _)) = me.student.as_ref().filter(|_| form == "facts") {
        let open = FACTS.into_iter().filter(|fact| !student.is_roster(*fact));
        let all = serde_json::to_value(&student.record).unwrap_or_default();
        for fact in open {
            set(fact.name(), all[fact.name()].clone());
        }
    }
    empty_form(Value::from(Serde(values)))
}

async fn show(
    page: &Page,
    caller: &Caller<SignedIn>,
    refused: Option<Refused<'_>>,
) -> Result<HttpResponse, Problem> {
    let reader = page.state.read()?;
    let today = page.state.now().day(&page.state.campus().time_zone);
    let me = accounts::me(&reader, &caller.who, today).await?;
    let of = |name: &str| match &refused {
        Some(Refused { form, problem }) if form.text("form") == name => page.wrong(form, problem),
        _ => stored(page, &me, name),
    };
    let [profile, facts_form, password, erase] = FORMS.map(of);
    let languages: Vec<_> = Words::languages()
        .filter(|tag| {
            page.state
                .campus()
                .languages
                .iter()
                .any(|known| known == tag)
        })
        .map(|tag| (tag, page.words.plain(&format!("language.{tag}"))))
        .collect();
    let shown = me.student.as_ref();
    let facts = shown.map(|(student, _)| facts(page, &student.record));
    let values = context! {
        me => Serde(MeView::from(&me)), facts => Serde(facts), mail_languages => Serde(languages),
        weekly_hours => shown.map(|(_, hours)| hours),
        sign => sign(&page.state.campus().currency),
        forms => context! { profile, facts => facts_form, password, erase },
    };
    let status = refused
        .as_ref()
        .map_or(StatusCode::OK, |refused| refused.problem.status_code());
    let who = Some(&caller.who);
    let mut response = page
        .show_to(status, who, &reader, "profile.html", values)
        .await?;
    if let Some(Refused { problem, .. }) = refused {
        problem.add_headers(response.headers_mut());
    }
    Ok(response)
}
