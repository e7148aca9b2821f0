//! Every route and who may call it. The policy in a line is a type that its handler must take: `on` accepts only
//! handlers whose first argument is a `Caller` for that policy.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Resource, Responder, Route, guard, web};

use super::caller::{
    Access, Admin, Anyone, Caller, EmployerOrAdmin, LocalOrAdmin, Policy, Public, SignedIn,
    Student, StudentOrEmployer,
};
use super::metrics::RouteNumber;
use super::problem::{Code, Problem};
use super::{
    accounts, admin, applications, classic, eligibility, files, jobs, likes, me, metrics, openapi,
    pages, sessions, site, suggest,
};

pub struct Entry {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// Whether the handler is told who is logged in.
    pub identifies: bool,
    /// The query parameter that selects this line, if a path has several lines.
    pub only_with: Option<&'static str>,
    route: Route,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

#[rustfmt::skip]
pub fn routes() -> Vec<Entry> {
    vec![
        on(POST,   "/api/v1/auth/register",              Anyone,            accounts::register),
        on(POST,   "/api/v1/auth/verify-email",          Anyone,            accounts::verify_email),
        on(POST,   "/api/v1/auth/login",                 Anyone,            sessions::login),
        on(POST,   "/api/v1/auth/refresh",               Anyone,            sessions::refresh),
        on(POST,   "/api/v1/auth/logout",                Anyone,            sessions::logout),
        on(POST,   "/api/v1/auth/forgot-password",       Anyone,            accounts::forgot_password),
        on(POST,   "/api/v1/auth/reset-password",        Anyone,            accounts::reset_password),

        on(GET,    "/api/v1/me",                         SignedIn,          me::read),
        on(PATCH,  "/api/v1/me",                         SignedIn,          me::update),
        on(DELETE, "/api/v1/me",                         StudentOrEmployer, me::erase),
        on(GET,    "/api/v1/me/export",                  StudentOrEmployer, me::export),

        on(GET,    "/api/v1/jobs",                       Public,            jobs::list),
        on(GET,    "/api/v1/jobs/suggest",               Anyone,            suggest::suggest),
        on(GET,    "/api/v1/jobs/recommended",           Student,           likes::recommended),
        on(POST,   "/api/v1/jobs",                       EmployerOrAdmin,   jobs::post),
        on(GET,    "/api/v1/jobs/{jobId}",               Public,            jobs::read),
        on(GET,    "/api/v1/jobs/{jobId}/similar",       Public,            likes::similar),
        on(PATCH,  "/api/v1/jobs/{jobId}",               EmployerOrAdmin,   jobs::update),
        on(DELETE, "/api/v1/jobs/{jobId}",               EmployerOrAdmin,   jobs::close),
        on(GET,    "/api/v1/jobs/{jobId}/eligibility",   Student,           eligibility::verdict),
        on(GET,    "/api/v1/jobs/{jobId}/applications",  EmployerOrAdmin,   applications::list_of_job),

        on(POST,   "/api/v1/applications",               Student,           applications::submit),
        on(GET,    "/api/v1/applications",               SignedIn,          applications::list),
        on(GET,    "/api/v1/applications/{id}",          SignedIn,          applications::read),
        on(PATCH,  "/api/v1/applications/{id}",          SignedIn,          applications::update),
        on(DELETE, "/api/v1/applications/{id}",          Student,           applications::withdraw),

        on(POST,   "/api/v1/files",                      Student,           files::keep),
        on(GET,    "/api/v1/files/{fileId}",             SignedIn,          files::read),
        on(DELETE, "/api/v1/files/{fileId}",             SignedIn,          files::remove),

        on(GET,    "/api/v1/admin/accounts",             Admin,             admin::accounts::list),
        on(PATCH,  "/api/v1/admin/accounts/{id}",        Admin,             admin::accounts::moderate),
        on(GET,    "/api/v1/admin/jobs",                 Admin,             admin::jobs::list),
        on(PATCH,  "/api/v1/admin/applications/{id}/eligibility", Admin,    eligibility::override_verdict),
        on(GET,    "/api/v1/admin/rules",                Admin,             admin::rules::list),
        on(POST,   "/api/v1/admin/rules",                Admin,             admin::rules::upload),
        on(GET,    "/api/v1/admin/rules/{ruleId}",       Admin,             admin::rules::read),
        on(PATCH,  "/api/v1/admin/rules/{ruleId}",       Admin,             admin::rules::update),
        on(DELETE, "/api/v1/admin/rules/{ruleId}",       Admin,             admin::rules::delete),
        on(POST,   "/api/v1/admin/rules/{ruleId}/dry-run", Admin,           admin::rules::dry_run),
        on(GET,    "/api/v1/admin/audit",                Admin,             admin::audit::list),
        on(POST,   "/api/v1/admin/backup",               Admin,             admin::backup::download),
        on(POST,   "/api/v1/admin/import/{kind}",        Admin,             admin::import::import),
        on(GET,    "/api/v1/admin/outbox",               Admin,             admin::outbox::list),
        on(POST,   "/api/v1/admin/outbox/{id}/retry",    Admin,             admin::outbox::retry),

        on(POST,   "/authLogin",                         Anyone,            sessions::login),
        on(POST,   "/job-post",                          EmployerOrAdmin,   jobs::post),
        on(GET,    "/get-jobs",                          Public,            jobs::list),
        on(POST,   "/apply-job",                         Student,           applications::submit),
        on(GET,    "/get-applications",                  SignedIn,          applications::list),
        on(PATCH,  "/update-application-jobs",           SignedIn,          classic::update_application),
        on(PATCH,  "/update-application-status",         SignedIn,          classic::update_application),
        on(DELETE, "/delete-service",                    EmployerOrAdmin,   classic::delete_job).only_with("jobId", "applicationId"),
        on(DELETE, "/delete-service",                    Student,           classic::delete_application).only_with("applicationId", "jobId"),
        on(DELETE, "/delete-service",                    SignedIn,          classic::delete_neither),

        on(GET,    "/healthz",                           Anyone,            pages::healthz),
        on(GET,    "/readyz",                            Anyone,            pages::readyz),
        on(GET,    "/metrics",                           LocalOrAdmin,      metrics::read),
        on(GET,    "/api/openapi.json",                  Anyone,            openapi::read),
        on(GET,    "/api/docs",                          Anyone,            openapi::docs),
    ]
}

/// The pages that the server renders. A browser shows their problems as pages too.
#[rustfmt::skip]
pub fn page_routes() -> Vec<Entry> {
    vec![
        on(GET,    "/",                                  Public,            site::jobs),
        on(GET,    "/jobs/{jobId}",                      Public,            site::job),
        on(POST,   "/jobs/{jobId}",                      Student,           site::apply),
        on(GET,    "/postings",                          EmployerOrAdmin,   site::postings),
        on(POST,   "/postings",                          EmployerOrAdmin,   site::move_posting),
        on(GET,    "/postings/{jobId}",                  EmployerOrAdmin,   site::posting),
        on(POST,   "/postings/{jobId}",                  EmployerOrAdmin,   site::decide),
        on(GET,    "/postings/{jobId}/edit",             EmployerOrAdmin,   site::edit_form),
        on(POST,   "/postings/{jobId}/edit",             EmployerOrAdmin,   site::edit),
        on(GET,    "/post",                              EmployerOrAdmin,   site::post_form),
        on(POST,   "/post",                              EmployerOrAdmin,   site::post),
        on(GET,    "/login",                             Public,            site::log_in_form),
        on(POST,   "/login",                             Anyone,            site::log_in),
        on(POST,   "/logout",                            Anyone,            site::log_out),
        on(GET,    "/register",                          Public,            site::sign_up_form),
        on(POST,   "/register",                          Anyone,            site::sign_up),
        on(GET,    "/verify-email",                      Anyone,            site::confirm_form),
        on(POST,   "/verify-email",                      Anyone,            site::confirm),
        on(GET,    "/forgot-password",                   Anyone,            site::forgot_form),
        on(POST,   "/forgot-password",                   Anyone,            site::forgot),
        on(GET,    "/reset-password",                    Anyone,            site::reset_form),
        on(POST,   "/reset-password",                    Anyone,            site::reset),
        on(GET,    "/office",                            Admin,             site::today),
        on(POST,   "/office",                            Admin,             site::decide_today),
        on(GET,    "/office/people",                     Admin,             site::people),
        on(POST,   "/office/people",                     Admin,             site::decide_person),
        on(GET,    "/office/mail",                       Admin,             site::mails),
        on(POST,   "/office/mail",                       Admin,             site::decide_mail),
        on(GET,    "/office/backup",                     Admin,             site::backup),
        on(POST,   "/office/backup",                     Admin,             site::take_backup),
        on(GET,    "/applications",                      Student,           site::applications),
        on(POST,   "/applications",                      Student,           site::decide_application),
        on(GET,    "/profile",                           SignedIn,          site::profile),
        on(POST,   "/profile",                           SignedIn,          site::change_profile),
        on(POST,   "/language",                          Anyone,            site::choose_language),
    ]
}

/// One line of the table.
fn on<P: Policy, H, Args>(method: Method, path: &'static str, _policy: P, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: FromRequest + For<P> + 'static,
    H::Output: Responder + 'static,
{
    // HEAD is GET without a body in the answer (RFC 9110, section 9.3.2).
    let route = if method == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method.clone())
    };
    let route = route.to(Apart(handler));
    Entry {
        method,
        path,
        access: P::ACCESS,
        identifies: P::IDENTIFIES,
        only_with: None,
        route,
    }
}

/// A handler whose answer is made on the heap. Without it, the code of all handlers would be in one codegen unit, that
/// of actix's function that polls them.
#[derive(Clone)]
struct Apart<H>(H);

impl<H: Handler<Args>, Args: 'static> Handler<Args> for Apart<H> {
    type Output = H::Output;
    type Future = Answering<H::Output>;

    fn call(&self, args: Args) -> Self::Future {
        self.0.begin(args)
    }
}

type Answering<T> = Pin<Box<dyn Future<Output = T>>>;

/// Its code is in the codegen unit of the handler's own module, because it is a method of the handler.
trait Begin<Args: 'static>: Handler<Args> {
    #[inline(never)]
    fn begin(&self, args: Args) -> Answering<Self::Output> {
        Box::pin(self.call(args))
    }
}

impl<H: Handler<Args>, Args: 'static> Begin<Args> for H {}

impl Entry {
    /// The line applies to requests that have one query parameter and not another.
    fn only_with(mut self, given: &'static str, other: &'static str) -> Self {
        self.route = self.route.guard(guard::fn_guard(move |context| {
            let query = context.head().uri.query().unwrap_or_default().as_bytes();
            let has = |name| form_urlencoded::parse(query).any(|(key, _)| key == name);
            has(given) && !has(other)
        }));
        self.only_with = Some(given);
        self
    }
}

/// The arguments of a handler for a policy.
pub trait For<P: Policy> {}
impl<P: Policy> For<P> for (Caller<P>,) {}
impl<P: Policy, A> For<P> for (Caller<P>, A) {}
impl<P: Policy, A, B> For<P> for (Caller<P>, A, B) {}
impl<P: Policy, A, B, C> For<P> for (Caller<P>, A, B, C) {}
impl<P: Policy, A, B, C, D> For<P> for (Caller<P>, A, B, C, D) {}

/// The paths in the table, without repeats. A `RouteNumber` is an index into them.
pub fn paths() -> Vec<&'static str> {
    let entries = routes().into_iter().chain(page_routes());
    let paths: BTreeSet<&str> = entries.map(|entry| entry.path).collect();
    paths.into_iter().collect()
}

/// The table as actix services. A path answers other methods with the list of methods it allows.
pub fn services() -> Vec<impl HttpServiceFactory> {
    let mut by_path: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    let pages: BTreeSet<&str> = page_routes().iter().map(|entry| entry.path).collect();
    for entry in routes().into_iter().chain(page_routes()) {
        by_path.entry(entry.path).or_default().push(entry);
    }
    let (exact, patterns): (Vec<_>, Vec<_>) = by_path
        .into_iter()
        .enumerate()
        .partition(|(_, (path, _))| !path.contains('{'));
    exact
        .into_iter()
        .chain(patterns)
        .map(|(number, (path, entries))| {
            let resource = resource(path, entries).app_data(RouteNumber(number));
            if pages.contains(path) {
                resource.app_data(site::IsPage)
            } else {
                resource
            }
        })
        .collect()
}

fn resource(path: &str, entries: Vec<Entry>) -> Resource {
    let mut methods: Vec<&str> = entries.iter().map(|entry| entry.method.as_str()).collect();
    methods.dedup();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    let allow = methods.join(", ");
    let mut resource = web::resource(path.to_owned());
    for entry in entries {
        resource = resource.route(entry.route);
    }
    resource.default_service(other_methods(allow))
}

/// A path's answer to all methods that it does not allow.
pub fn other_methods(allow: String) -> Route {
    web::to(move || {
        let allow = allow.clone();
        async move { Err::<&'static str, Problem>(Code::MethodNotAllowed { allow }.into()) }
    })
}
