//! What all pages share: the frame, the reader's language, and problems as pages.

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError as _};
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::form::Form;
use super::navigation::{self, home};
use super::problem_text;
use super::shown::Voice;
use super::templates::render;
use crate::http::caller::{Anyone, Caller, identity_of};
use crate::http::cookies;
use crate::http::eligibility::asked_language;
use crate::http::problem::{Because, Code, Problem};
use crate::http::state::State;
use crate::http::watch;
use crate::model::{Account, Identity, Role};
use crate::store::{Reader, Stored, keys};
use crate::words::{Words, sign};

/// Marks a route that answers with a page.
#[derive(Clone, Copy)]
pub struct IsPage;

const LOG_IN: &str = "/login";
/// Names the text of a message, among its values.
const SAID: &str = "said";
/// Names the draft that the browser forgets, among its values.
pub const DRAFT: &str = "draft";

/// A request for a page.
pub struct Page {
    pub state: Data<State>,
    pub request: HttpRequest,
    pub words: &'static Words,
}

impl FromRequest for Page {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

impl Page {
    fn of(request: &HttpRequest) -> Self {
        let state = request
            .app_data::<Data<State>>()
            .expect("the server is built with its state")
            .clone();
        let chosen = cookies::read(request, cookies::LANGUAGE).map(str::to_owned);
        let chosen = chosen.filter(|tag| Words::languages().any(|language| language == tag));
        let language = chosen.or_else(|| asked_language(request, &state));
        Self {
            words: Words::of(language.as_deref().unwrap_or_default()),
            request: request.clone(),
            state,
        }
    }

    /// A parameter of the address.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.request.query_string().as_bytes();
        let mut pairs = form_urlencoded::parse(query);
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Where to go after the email of a new account is confirmed, if this browser knows.
    pub fn remembered_next(&self) -> Option<String> {
        let kept = cookies::read(&self.request, cookies::NEXT)?;
        let (next, _) = form_urlencoded::parse(kept.as_bytes()).next()?;
        safe_next(&next).map(str::to_owned)
    }

    /// Where to go after a login: a page of this site, or the role's first one.
    pub fn next_or_home(&self, next: &str, role: Role) -> String {
        safe_next(next)
            .unwrap_or_else(|| home(Some(role)))
            .to_owned()
    }

    pub async fn show(&self, template: &str, values: Value) -> Result<HttpResponse, Problem> {
        self.answer(StatusCode::OK, template, values).await
    }

    /// For somebody whom the handler knows already, at the same state of the board.
    pub async fn show_to(
        &self,
        status: StatusCode,
        who: Option<&Identity>,
        reader: &Reader,
        template: &str,
        values: Value,
    ) -> Result<HttpResponse, Problem> {
        let account: Option<Stored<Account>> = match who {
            Some(who) => reader.get(&keys::account(who.account_id)).await?,
            None => None,
        };
        let account = account.as_ref().map(|account| &account.record);
        self.html(status, account, template, values)
    }

    /// The address of this page, as a browser sends it.
    pub fn here(&self) -> String {
        let uri = self.request.uri();
        let here = uri
            .path_and_query()
            .map_or(uri.path(), |here| here.as_str());
        here.to_owned()
    }

    pub fn voice(&self) -> Voice<'_> {
        Voice::new(self.words, self.state.now(), self.state.campus())
    }

    /// A message for the page that comes next.
    pub fn tell(
        &self,
        response: &mut HttpResponse,
        name: &str,
        values: &[(&str, &str)],
    ) -> Result<(), Problem> {
        let mut said = form_urlencoded::Serializer::new(String::new());
        said.append_pair(SAID, name).extend_pairs(values);
        set_cookie(response, &cookies::said(&self.state, &said.finish()))
    }

    /// The message that the previous page left.
    fn told(&self) -> Option<Value> {
        let said = cookies::read(&self.request, cookies::SAID)?;
        let pairs = form_urlencoded::parse(said.as_bytes()).into_owned();
        let values: serde_json::Map<_, _> =
            pairs.map(|(name, value)| (name, value.into())).collect();
        let name = values.get(SAID)?.as_str()?;
        let text = (self.words.has(name)).then(|| self.words.say(name, &values))?;
        Some(context! { text, draft => Serde(values.get(DRAFT)) })
    }

    /// If the account cannot be read, the page is shown as to a visitor.
    async fn answer(
        &self,
        status: StatusCode,
        template: &str,
        values: Value,
    ) -> Result<HttpResponse, Problem> {
        let account = self.account().await.ok().flatten();
        let account = account.as_ref().map(|account| &account.record);
        self.html(status, account, template, values)
    }

    /// The account that has logged in to this browser.
    async fn account(&self) -> Result<Option<Stored<Account>>, Problem> {
        let reader = self.state.read()?;
        match identity_of(&self.request, &self.state, &reader).await? {
            Some(identity) => Ok(reader.get(&keys::account(identity.account_id)).await?),
            None => Ok(None),
        }
    }

    /// A page for somebody whose account is known already.
    pub fn html(
        &self,
        status: StatusCode,
        account: Option<&Account>,
        template: &str,
        values: Value,
    ) -> Result<HttpResponse, Problem> {
        let role = account.map(|account| account.role);
        let path = self.request.path();
        let links = navigation::links(role, path);
        let told = self.told();
        let frame = context! {
            language => self.words.language, languages => Words::languages().collect::<Vec<_>>(), links,
            path, here => self.here(), home => home(role), told, currency => sign(&self.state.campus().currency),
            campus => self.state.campus().name.as_str(),
            account => account.map(|account| context! { id => account.account_id.to_string(), name => account.name.as_str(), email => account.email.as_str() }),
        };
        let values = context! { ..values, ..frame };
        let page = render(template, self.words, values);
        let page = page.map_err(|error| Problem::internal(&format!("{error:#}")))?;
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::VARY, "accept-language, cookie"));
        response.insert_header((header::CONTENT_LANGUAGE, self.words.language));
        let mut response = response.body(page);
        if cookies::read(&self.request, cookies::SAID).is_some() {
            set_cookie(&mut response, &cookies::said(&self.state, ""))?;
        }
        Ok(response)
    }

    /// The values of a form with what was entered and what is wrong with it.
    pub fn wrong(&self, form: &Form, problem: &Problem) -> Value {
        let mut errors = serde_json::Map::new();
        // Faults of what the form does not ask for.
        let mut others = Vec::new();
        for error in problem.errors() {
            let text = problem_text::fault(self.words, error, form.is_blank(&error.field));
            if !form.shows(&error.field) {
                others.push(text.clone());
            }
            errors.entry(&error.field).or_insert(text.into());
        }
        let wrong = if errors.is_empty() {
            problem_text::problem(self.words, problem)
        } else {
            let count = errors.len().into();
            self.words.with("form.wrong", [("count", count)])
        };
        let first = problem.errors().first().map(|error| error.field.as_str());
        context! { errors => Serde(errors), wrong, first, others, values => Serde(form.entered()) }
    }

    /// The same, where one field is wrong.
    pub fn wrong_field(&self, form: &Form, field: &str, text: String) -> Value {
        let wrong = self.words.with("form.wrong", [("count", 1.into())]);
        let errors = serde_json::Map::from_iter([(field.to_owned(), text.into())]);
        context! { errors => Serde(errors), wrong, first => field, others => (), values => Serde(form.entered()) }
    }

    /// The same form again, with what was entered and what is wrong with it.
    pub async fn again(
        &self,
        template: &str,
        form: &Form,
        problem: &Problem,
        values: Value,
    ) -> Result<HttpResponse, Problem> {
        let form = self.wrong(form, problem);
        let values = context! { form, ..values };
        let answer = self.answer(problem.status_code(), template, values);
        let mut response = answer.await?;
        problem.add_headers(response.headers_mut());
        Ok(response)
    }
}

/// The values of a form that nobody has filled in yet.
pub fn empty_form(values: Value) -> Value {
    context! { errors => context! {}, wrong => (), first => (), others => (), values }
}

/// Longer addresses do not fit into every proxy's headers.
const MAX_NEXT_BYTES: usize = 1_000;

/// A path of this site as browsers send it: with all other letters encoded. Browsers take some texts that start with a
/// slash for other hosts.
pub fn safe_next(next: &str) -> Option<&str> {
    let rest = next.strip_prefix('/')?;
    let is_other = rest.starts_with(['/', '\\']) || next.len() > MAX_NEXT_BYTES;
    let is_encoded = next
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>".contains(&byte));
    (!is_other && is_encoded).then_some(next)
}

pub fn set_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), Problem> {
    let added = response.add_cookie(cookie);
    added.map_err(|error| Problem::internal(&error))
}

pub fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .finish()
}

/// Wraps every request. On a page's route, a problem is answered with a page.
pub async fn as_page(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?;
    let request = response.request();
    if request.app_data::<IsPage>().is_none() {
        return Ok(response);
    }
    let error = response.response().error();
    let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) else {
        return Ok(response);
    };
    let page = Page::of(request);
    let answer = problem_page(&page, problem).await;
    Ok(match answer {
        Ok(answer) => response.into_response(answer),
        Err(_) => response,
    })
}

/// The page for an address without one.
pub async fn missing(request: &HttpRequest) -> Result<HttpResponse, Problem> {
    problem_page(&Page::of(request), &Problem::not_found()).await
}

/// Redirects to the login page if a login is needed. Any other problem becomes a page.
async fn problem_page(page: &Page, problem: &Problem) -> Result<HttpResponse, Problem> {
    let path = page.request.path();
    let is_ours = page.request.method().is_safe() || cookies::is_same_origin(&page.request);
    if problem.is(&Code::Unauthenticated) && path != LOG_IN && is_ours {
        // A form is sent to the address of its page.
        let next: String = form_urlencoded::byte_serialize(page.here().as_bytes()).collect();
        return Ok(see_other(&format!("{LOG_IN}?next={next}")));
    }
    // Another site's form must not learn who has logged in.
    let foreign = Problem::forbidden(Because::Origin);
    let is_foreign = problem.is(&Code::Unauthenticated) && !is_ours;
    let problem = if is_foreign { &foreign } else { problem };
    let values = context! {
        is_missing => problem.is(&Code::NotFound), text => problem_text::problem(page.words, problem),
        request_id => problem.status_code().is_server_error().then(watch::request_id),
    };
    let answer = page.answer(problem.status_code(), "problem.html", values);
    let mut answer = answer.await?;
    problem.add_headers(answer.headers_mut());
    Ok(answer)
}

/// POST /language: the pages' language in this browser.
pub async fn choose_language(
    _: Caller<Anyone>,
    page: Page,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let mut response = see_other(safe_next(form.text("next")).unwrap_or("/"));
    let chosen = form.text("language");
    if let Some(language) = Words::languages().find(|language| *language == chosen) {
        set_cookie(&mut response, &cookies::language(&page.state, language))?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_site_comes_next() {
        for next in ["/", "/applications", "/?q=a%20b&skill=x", "/jobs/1#top"] {
            assert_eq!(safe_next(next), Some(next));
        }
        for other in [
            "",
            "jobs",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            "/é",
            "/a b",
            "/\"",
            &format!("/{}", "a".repeat(1_000)),
        ] {
            assert_eq!(safe_next(other), None, "{other}");
        }
    }
}
