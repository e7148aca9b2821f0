//! The pages that the server renders, without a browser: what a form gets back, who may send it, and in which language.

mod jobs;
mod office;
mod post;
mod postings;
mod student;

use crate::support::{Board, PASSWORD, Reply};
use corkboard::http::page_routes;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};

/// A browser without JavaScript: it sends what browsers send with a form, and follows no redirect by itself.
struct Visitor<'a> {
    board: &'a Board,
    client: Client,
    cookies: Vec<String>,
    language: &'static str,
}

struct Shown {
    status: u16,
    location: String,
    html: String,
    cookies: Vec<String>,
}

impl Shown {
    async fn of(response: Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        Self {
            status: response.status().as_u16(),
            location: header("location"),
            cookies: cookies.map(str::to_owned).collect(),
            html: response.text().await.unwrap(),
        }
    }
}

impl<'a> Visitor<'a> {
    fn of(board: &'a Board) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none());
        Self {
            board,
            client: client.build().unwrap(),
            cookies: Vec::new(),
            language: "en",
        }
    }

    fn request(&self, method: Method, path: &str, site: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.board.url);
        let mut request = self.client.request(method, url);
        request = request.header("accept", "text/html,*/*;q=0.8");
        request = request.header("accept-language", self.language);
        request = request.header("sec-fetch-site", site);
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookies.join("; "));
        }
        request
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        form: Option<&[(&str, &str)]>,
        site: &str,
    ) -> Shown {
        let mut request = self.request(method, path, site);
        if let Some(form) = form {
            let mut encoded = form_urlencoded::Serializer::new(String::new());
            encoded.extend_pairs(form);
            let kind = "application/x-www-form-urlencoded";
            request = request.header("content-type", kind).body(encoded.finish());
        }
        Shown::of(request.send().await.unwrap()).await
    }

    async fn log_in(&mut self, email: &str) {
        let form = [("email", email), ("password", PASSWORD)];
        assert_eq!(self.send("/login", &form).await.status, 303);
    }

    async fn get(&self, path: &str) -> Shown {
        self.ask(Method::GET, path, None, "none").await
    }

    async fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Shown {
        let shown = self
            .ask(Method::POST, path, Some(form), "same-origin")
            .await;
        for cookie in &shown.cookies {
            let (name, value) = cookie.split_once('=').unwrap();
            self.cookies
                .retain(|old| !old.starts_with(&format!("{name}=")));
            if !value.is_empty() {
                self.cookies.push(cookie.clone());
            }
        }
        shown
    }
}

/// The values that the form of a card sends by itself.
fn hidden(page: &Shown, card: &str) -> (String, String) {
    let from = page.html.find(card).expect(card);
    let value = |name: &str| {
        let field = format!("name=\"{name}\" value=\"");
        let found = page.html[from..].split(&field).nth(1).expect(name);
        found.split('"').next().unwrap().to_owned()
    };
    (value("id"), value("version"))
}

#[actix_web::test]
async fn an_account_works_without_javascript() {
    let board = Board::start();
    let mut ann = Visitor::of(&board);
    let form = [
        ("role", "student"),
        ("name", "Ann"),
        ("email", " ann@example.edu "),
        ("password", PASSWORD),
        ("skills", "Spanish, shelving"),
    ];
    let sent = ann.send("/register", &form).await;
    assert!(
        sent.html.contains("We sent an email to ann@example.edu."),
        "{}",
        sent.html
    );
    let token = board.mailed_token("ann@example.edu", "verify-email").await;

    // Opening the link confirms nothing.
    let opened = ann.get(&format!("/verify-email?token={token}")).await;
    assert!(opened.html.contains(&format!("value=\"{token}\"")));
    let confirmed = ann
        .send(
            "/verify-email",
            &[("token", &token), ("password", PASSWORD)],
        )
        .await;
    assert!(
        confirmed.html.contains("ann@example.edu is confirmed."),
        "{}",
        confirmed.html
    );
    // That was a login: the frame says so, and the API knows the cookie.
    assert!(confirmed.html.contains("Log out"));
    let me = board
        .request(Method::GET, "me")
        .header("cookie", ann.cookies.join("; "));
    let me = board.send(me).await.expect(200).json();
    assert_eq!(
        me["student"]["skills"],
        serde_json::json!(["Spanish", "shelving"])
    );

    let gone = ann.send("/logout", &[]).await;
    assert_eq!((gone.status, &*gone.location), (303, "/"));
    assert!(
        !ann.cookies
            .iter()
            .any(|cookie| cookie.starts_with("corkboard="))
    );
    let again = ann
        .send(
            "/verify-email",
            &[("token", &token), ("password", PASSWORD)],
        )
        .await;
    assert!(
        again.html.contains("This link no longer works"),
        "{}",
        again.html
    );

    let wrong = ann
        .send(
            "/login",
            &[
                ("email", "ann@example.edu"),
                ("password", "not this one"),
                ("next", "/profile"),
            ],
        )
        .await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.html.contains("Wrong email or password."));
    assert!(
        wrong.html.contains("value=\"ann@example.edu\"") && !wrong.html.contains("not this one")
    );
    assert!(wrong.html.contains("name=\"next\" value=\"/profile\""));
    for (next, leads_to) in [("/profile", "/profile"), ("//evil.example", "/"), ("", "/")] {
        let form = [
            ("email", "ann@example.edu"),
            ("password", PASSWORD),
            ("next", next),
        ];
        let logged_in = ann.send("/login", &form).await;
        assert_eq!((logged_in.status, &*logged_in.location), (303, leads_to));
    }
    // Whoever is logged in needs no login page.
    let login = ann.get("/login?next=/applications").await;
    assert_eq!((login.status, &*login.location), (303, "/applications"));

    let asked = ann
        .send("/forgot-password", &[("email", "ann@example.edu")])
        .await;
    assert!(
        asked.html.contains("we&#39;ve sent a link"),
        "{}",
        asked.html
    );
    let token = board
        .mailed_token("ann@example.edu", "reset-password")
        .await;
    let done = ann
        .send(
            "/reset-password",
            &[("token", &token), ("password", "battery horse")],
        )
        .await;
    assert!(done.html.contains("Password changed"), "{}", done.html);
    // The session has ended with the old password. The login says so, once.
    let ended = ann.get("/login").await;
    assert!(
        ended.html.contains("You&#39;ve been logged out."),
        "{}",
        ended.html
    );
    assert_eq!(ended.cookies, ["corkboard="]);
    board.stop().await;
}

#[actix_web::test]
async fn a_form_says_what_is_wrong_and_keeps_what_was_entered() {
    let board = Board::start();
    let mut visitor = Visitor::of(&board);
    let name = "<script>alert(1)</script> & \"co\"";
    let form = [
        ("role", "employer"),
        ("name", name),
        ("email", "no email"),
        ("password", ""),
        ("workSpace", "Café"),
        ("setting", "offCampus"),
    ];
    let wrong = visitor.send("/register", &form).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.html.contains("Please fix 1 error below.")
            && wrong.html.contains("Enter your password.")
    );
    assert!(
        !wrong.html.contains("<script>") && wrong.html.contains("&lt;script&gt;"),
        "markup is text"
    );
    assert!(wrong.html.contains("value=\"offCampus\" selected"));
    let form = [
        ("role", "employer"),
        ("name", "Bob"),
        ("email", "no email"),
        ("password", "short"),
    ];
    let wrong = visitor.send("/register", &form).await;
    assert!(
        wrong.html.contains("Please fix 2 errors below.")
            && wrong.html.contains("Use at least 8 characters."),
        "{}",
        wrong.html
    );
    // A role that no form has.
    let form = [
        ("role", "admin"),
        ("name", "Bob"),
        ("email", "bob@example.edu"),
        ("password", PASSWORD),
    ];
    assert_eq!(visitor.send("/register", &form).await.status, 422);
    for (path, form) in [
        ("/login", [("email", "")]),
        ("/verify-email", [("token", "x")]),
        ("/reset-password", [("token", "x")]),
        ("/forgot-password", [("email", " ")]),
    ] {
        let wrong = visitor.send(path, &form).await;
        assert_eq!(wrong.status, 422, "{path}");
        assert!(wrong.html.contains("aria-invalid=\"true\""), "{path}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_form_comes_from_our_own_pages() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    let visitor = Visitor::of(&board);
    let login = [("email", "ann@example.edu"), ("password", PASSWORD)];
    for entry in page_routes()
        .iter()
        .filter(|entry| entry.method == Method::POST.as_str())
    {
        for site in ["cross-site", "same-site", "none"] {
            let refused = visitor
                .ask(Method::POST, entry.path, Some(&login), site)
                .await;
            assert_eq!(refused.status, 403, "{} {site}", entry.path);
            assert!(refused.cookies.is_empty() && refused.html.starts_with("<!doctype html>"));
        }
        let put = visitor
            .ask(Method::PUT, entry.path, Some(&login), "same-origin")
            .await;
        assert_eq!(put.status, 405, "{}", entry.path);
        let json = visitor.client.post(format!("{}{}", board.url, entry.path));
        let json = json
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json");
        // Whoever has to log in is asked to do so first.
        let expected = if entry.identifies { 303 } else { 415 };
        let status = json.body("{}").send().await.unwrap().status();
        assert_eq!(status, expected, "{}", entry.path);
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_page_is_in_the_readers_language() {
    let board = Board::start();
    let mut visitor = Visitor::of(&board);
    visitor.language = "es-MX,es;q=0.9,en;q=0.5";
    let page = visitor.get("/login").await;
    assert!(
        page.html.contains("<html lang=\"es\">") && page.html.contains("Iniciar sesión"),
        "{}",
        page.html
    );
    let chosen = visitor
        .send("/language", &[("language", "en"), ("next", "/login")])
        .await;
    assert_eq!((chosen.status, &*chosen.location), (303, "/login"));
    assert!(
        visitor
            .get("/login")
            .await
            .html
            .contains("<html lang=\"en\">")
    );
    let odd = visitor
        .send(
            "/language",
            &[("language", "tlh"), ("next", "https://evil.example/")],
        )
        .await;
    assert_eq!((odd.status, &*odd.location), (303, "/"));
    assert!(
        visitor
            .get("/login")
            .await
            .html
            .contains("<html lang=\"en\">")
    );
    board.stop().await;
}

#[actix_web::test]
async fn files_of_pages_are_kept_for_good() {
    let board = Board::start();
    let visitor = Visitor::of(&board);
    let page = visitor.get("/login").await.html;
    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let style = rest.split('"').next().unwrap();
    let reply: Reply = board
        .send(board.request(Method::GET, style))
        .await
        .expect(200);
    assert!(reply.header("content-type").starts_with("text/css"));
    assert!(reply.text.contains("--accent") && reply.text.contains(".button"));
    for missing in [
        "/assets/x/templates/layout.html",
        "/assets/x/nothing.css",
        "/templates/layout.html",
    ] {
        assert_eq!(visitor.get(missing).await.status, 404, "{missing}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_login_takes_the_place_of_another_one() {
    let board = Board::start();
    for email in ["ann@example.edu", "bob@example.edu"] {
        board.join("student", email).await;
    }
    let mut visitor = Visitor::of(&board);
    let login = |email| [("email", email), ("password", PASSWORD)];
    visitor.send("/login", &login("ann@example.edu")).await;
    let first = visitor.cookies.clone();
    visitor.send("/login", &login("bob@example.edu")).await;
    let me = async |cookies: &[String]| {
        let me = board.request(Method::GET, "me");
        let reply = board.send(me.header("cookie", cookies.join("; "))).await;
        reply.status.as_u16()
    };
    assert_eq!((me(&first).await, me(&visitor.cookies).await), (401, 200));
    // Pages that anybody may see know who is logged in, also with an error in their form.
    for path in ["/forgot-password", "/verify-email", "/reset-password"] {
        assert!(visitor.get(path).await.html.contains("Log out"), "{path}");
    }
    let wrong = visitor.send("/forgot-password", &[("email", "")]).await;
    assert!(wrong.html.contains("Log out"));
    // Nobody may see a personal page again after a logout.
    let jobs = visitor.client.get(&board.url).header("accept", "text/html");
    let jobs = jobs.header("cookie", visitor.cookies.join("; "));
    let jobs = jobs.send().await.unwrap();
    assert_eq!(jobs.headers()["cache-control"], "no-store");
    board.stop().await;
}

#[actix_web::test]
async fn cookies_and_headers_of_others_do_not_log_anybody_out() {
    let board = Board::start();
    board.join("student", "ann@example.edu").await;
    let session = board.log_in_on_a_page("ann@example.edu").await;
    for cookies in [
        format!("visitor=José; {session}"),
        format!("corkboard=garbage; {session}"),
        format!("{session}; corkboard=garbage"),
    ] {
        let value = reqwest::header::HeaderValue::from_bytes(cookies.as_bytes()).unwrap();
        let me = board.request(Method::GET, "me").header("cookie", value);
        board.send(me).await.expect(200);
    }
    // A proxy with passwords of its own.
    let me = board.request(Method::GET, "me").header("cookie", &session);
    let me = board.send(me.header("authorization", "Basic eDp5")).await;
    me.expect(200);
    // Another site's form.
    let foreign = board.request(Method::POST, "auth/logout");
    let foreign = foreign.header("sec-fetch-site", "cross-site");
    let reply = board.send(foreign).await.expect(204);
    assert_eq!(reply.header("set-cookie"), "");
    board.stop().await;
}

#[actix_web::test]
async fn a_password_of_spaces_works_on_pages_too() {
    let board = Board::start();
    let password = " ".repeat(10);
    let mut visitor = Visitor::of(&board);
    let form = [
        ("role", "student"),
        ("name", "Ann"),
        ("email", "ann@example.edu"),
        ("password", &password),
    ];
    visitor.send("/register", &form).await;
    let token = board.mailed_token("ann@example.edu", "verify-email").await;
    let form = [("token", &*token), ("password", &*password)];
    let confirmed = visitor.send("/verify-email", &form).await;
    assert!(confirmed.html.contains("ann@example.edu is confirmed."));
    board.stop().await;
}

#[actix_web::test]
async fn a_tag_counts_only_for_what_is_there() {
    let board = Board::start();
    let page = |path: &str| {
        let url = format!("{}{path}", board.url);
        reqwest::Client::new()
            .get(url)
            .header("accept", "text/html")
    };
    let file = page("/favicon.svg").send().await.unwrap();
    let tag = file.headers()["etag"].to_str().unwrap().to_owned();
    let status = async |path: &str, tag: &str| {
        let answer = page(path).header("if-none-match", tag).send().await;
        answer.unwrap().status().as_u16()
    };
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".into(),
    ] {
        assert_eq!(status("/favicon.svg", &known).await, 304, "{known}");
    }
    assert_eq!(status("/favicon.svg", "\"x\"").await, 200);
    assert_eq!(status("/nowhere", &tag).await, 404);
    board.stop().await;
}
