//! A real browser: Debian's chromium, driven over WebDriver.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const NEEDED: &str = "the pages are tested in a real browser: chromedriver and chromium are needed, \
    and tests/run installs them (apt-get install chromium chromium-driver)";
/// Longest wait for what a page should show.
const MAX_WAIT: Duration = Duration::from_secs(20);
const AXE: &str = include_str!("axe.min.js");

/// The member that marks an element reference in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const SELECT_ALL: &str = "\u{e009}a\u{e000}";
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";

/// Finds the last visible element of a selector with this name or text.
const BY_TEXT: &str = "
    const [selector, text] = arguments;
    const words = (node) => (node.getAttribute('aria-label') ?? node.innerText ?? '').replace(/\\s+/g, ' ').trim();
    return [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility() && words(node) === text).at(-1) ?? null;";

/// The most serious findings of axe, one line each.
const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
      (found) => done(found.violations
        .filter((rule) => rule.impact === 'serious' || rule.impact === 'critical')
        .flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`))),
      (error) => done([String(error)]));";

pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    site: String,
    client: reqwest::Client,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a browser without stored data, for the pages of one site.
    pub async fn open(site: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{NEEDED}: {error}"));
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse().ok()
            })
            .unwrap_or_else(|| panic!("{NEEDED}: chromedriver ended without a port"));
        // Reads the rest of its output, so that it never blocks.
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let kept_in = format!("--user-data-dir={}", profile.path().display());
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            site: site.to_owned(),
            client: reqwest::Client::new(),
            _profile: profile,
        };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en-US",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([kept_in]);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments.collect::<Vec<_>>()},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let opened = browser.ask("POST", "/session", wanted).await;
        let opened = opened.unwrap_or_else(|error| panic!("{NEEDED}: {error}"));
        opened["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.session);
        browser.view(1280, 900, "light").await;
        browser
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let request = match method {
            "GET" => self.client.get(url),
            _ => self.client.post(url).json(&body),
        };
        let request = request.timeout(Duration::from_mins(1));
        let response = request.send().await.map_err(|error| error.to_string())?;
        let fine = response.status().is_success();
        let mut answer: Value = response.json().await.map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if fine {
            Ok(value)
        } else {
            Err(format!("{}: {}", value["error"], value["message"]))
        }
    }

    async fn call(&self, path: &str, body: Value) -> Result<Value, String> {
        let path = format!("/session/{}{path}", self.session);
        self.ask("POST", &path, body).await
    }

    /// Sets the window size and the color scheme. Animations are off, so that nothing is measured while it moves.
    pub async fn view(&self, width: u32, height: u32, colors: &str) {
        for (command, parameters) in [
            (
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
            ),
            (
                "Emulation.setEmulatedMedia",
                json!({"features": [
                    {"name": "prefers-color-scheme", "value": colors},
                    {"name": "prefers-reduced-motion", "value": "reduce"},
                ]}),
            ),
        ] {
            self.devtools(command, parameters).await;
        }
    }

    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("/goog/cdp/execute", body).await.unwrap()
    }

    pub async fn go(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        self.call("/url", json!({"url": url})).await.unwrap();
    }

    pub async fn reload(&self) {
        self.call("/refresh", json!({})).await.unwrap();
    }

    pub async fn back(&self) {
        self.call("/back", json!({})).await.unwrap();
    }

    /// Runs a script in the page and returns its result.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        let body = json!({"script": script, "args": arguments});
        let done = self.call("/execute/sync", body).await;
        done.unwrap_or_else(|error| panic!("{error} in {script}"))
    }

    pub async fn address(&self) -> String {
        let here = "return location.pathname + location.search";
        self.run(here, json!([])).await.as_str().unwrap().to_owned()
    }

    /// The visible text of the page.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body.innerText", json!([])).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub fn until(&self, script: &str, arguments: Value) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + MAX_WAIT;
            let body = json!({"script": script, "args": arguments});
            // A page that is being left answers with an error; try the next one.
            while self.call("/execute/sync", body.clone()).await != Ok(Value::Bool(true)) {
                if Instant::now() > deadline {
                    let (address, text) = (self.address().await, self.text().await);
                    panic!("{place}: {script} {arguments} never came; {address} shows: {text}");
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    }

    /// Waits until the page shows a text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> impl Future<Output = ()> {
        let script = "return document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])";
        self.until(script, json!([text]))
    }

    /// Waits until the URL is this one.
    #[track_caller]
    pub fn arrives(&self, address: &str) -> impl Future<Output = ()> {
        self.until(
            "return location.pathname + location.search === arguments[0]",
            json!([address]),
        )
    }

    /// Presses an element by selector and name, once it exists.
    #[track_caller]
    pub fn press(&self, selector: &str, name: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let body = json!({"script": BY_TEXT, "args": [selector, name]});
            let deadline = Instant::now() + MAX_WAIT;
            loop {
                let found = self.call("/execute/sync", body.clone()).await;
                if let Ok(element) = &found
                    && let Some(id) = element[ELEMENT].as_str()
                    && self
                        .call(&format!("/element/{id}/click"), json!({}))
                        .await
                        .is_ok()
                {
                    return;
                }
                if Instant::now() > deadline {
                    let (address, text) = (self.address().await, self.text().await);
                    panic!("{place}: no {selector} {name:?} to press on {address}: {text}");
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    }

    /// Replaces a field's text, as typing would, once the field exists.
    #[track_caller]
    pub fn fill(&self, name: &str, text: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        let script = "return document.getElementsByName(arguments[0])[0] ?? null";
        let find = json!({"script": script, "args": [name]});
        let text = json!({"text": format!("{SELECT_ALL}{text}")});
        async move {
            let deadline = Instant::now() + MAX_WAIT;
            loop {
                // A page that is being left answers with an error; try the next one.
                let found = self.call("/execute/sync", find.clone()).await;
                if let Ok(field) = &found
                    && let Some(id) = field[ELEMENT].as_str()
                    && self
                        .call(&format!("/element/{id}/value"), text.clone())
                        .await
                        .is_ok()
                {
                    return;
                }
                assert!(
                    Instant::now() < deadline,
                    "{place}: {name} cannot be filled in: {found:?}"
                );
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    }

    /// Chooses a file, as the file picker would.
    pub async fn choose(&self, name: &str, file: &std::path::Path) {
        let script = "return document.getElementsByName(arguments[0])[0]";
        let field = self.run(script, json!([name])).await;
        let path = format!("/element/{}/value", field[ELEMENT].as_str().unwrap());
        let body = json!({"text": file.to_str().unwrap()});
        self.call(&path, body).await.unwrap();
    }

    /// Sets a date, as the date picker would. Typing one depends on the region.
    pub async fn pick_date(&self, name: &str, day: &str) {
        let script = "const field = document.getElementsByName(arguments[0])[0];
            field.value = arguments[1];
            field.dispatchEvent(new Event('input', { bubbles: true }));";
        self.run(script, json!([name, day])).await;
    }

    /// Presses keys in the focused element.
    pub async fn keys(&self, keys: &str) {
        let focused = self.run("return document.activeElement", json!([])).await;
        let id = focused[ELEMENT].as_str().unwrap();
        let path = format!("/element/{id}/value");
        self.call(&path, json!({"text": keys})).await.unwrap();
    }

    /// Waits until a field exists: the page may still be loading data.
    async fn field(&self, name: &str) {
        let script = "return document.getElementsByName(arguments[0]).length > 0";
        self.until(script, json!([name])).await;
    }

    /// The error message that describes a field.
    pub async fn field_error(&self, name: &str) -> String {
        self.field(name).await;
        let script = "const field = document.getElementsByName(arguments[0])[0];
            if (field.getAttribute('aria-invalid') !== 'true') return '';
            return field.getAttribute('aria-describedby').split(' ')
                .map((id) => document.getElementById(id)).find((node) => node.matches('.field-error'))?.innerText ?? ''";
        let text = self.run(script, json!([name])).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    pub async fn value(&self, name: &str) -> String {
        self.field(name).await;
        let script = "return document.getElementsByName(arguments[0])[0].value";
        let value = self.run(script, json!([name])).await;
        value.as_str().unwrap().to_owned()
    }

    /// Checks the current page for accessibility: no serious findings of axe in light, dark and narrow view, and no
    /// sideways scrolling on a phone.
    pub async fn inspect(&self) {
        self.until(
            "return !document.querySelector('[aria-busy=true]')",
            json!([]),
        )
        .await;
        let address = self.address().await;
        let mut faults = BTreeSet::new();
        for (width, colors, with_axe) in [
            (375, "light", false),
            (320, "light", true),
            (1280, "dark", true),
            (1280, "light", true),
        ] {
            self.view(width, 900, colors).await;
            let sideways = "const page = document.documentElement;
                return page.scrollWidth > page.clientWidth ? page.scrollWidth : 0";
            let wide = self.run(sideways, json!([])).await;
            if wide != 0 {
                faults.insert(format!("{width} px: scrolls sideways, {wide} px wide"));
            }
            if !with_axe {
                continue;
            }
            if self.run("return !window.axe", json!([])).await == true {
                self.run(AXE, json!([])).await;
            }
            let body = json!({"script": RUN_AXE, "args": []});
            let found = self.call("/execute/async", body).await.unwrap();
            for fault in found.as_array().unwrap() {
                faults.insert(format!("{width} px, {colors}: {fault}"));
            }
        }
        assert!(faults.is_empty(), "{address}: {faults:#?}");
    }

    /// The console has no new errors, except for statuses that the test caused.
    pub async fn console_is_clean(&self, provoked: &[u16]) {
        let log = self.call("/se/log", json!({"type": "browser"})).await;
        let log = log.unwrap();
        let wrong: Vec<&Value> = log
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .filter(|entry| {
                let message = entry["message"].as_str().unwrap_or_default();
                let meant = provoked
                    .iter()
                    .any(|status| message.contains(&format!("with a status of {status}")));
                entry["source"] != "network" || !meant
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

impl Drop for Browser {
    /// Ends the browser through its driver, even if a test fails: killing the driver would leave the browser running.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            );
            let patience = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let asked = patience.and_then(|()| stream.write_all(request.as_bytes()));
            if asked.is_ok() {
                // The answer comes when the browser has ended. The driver keeps the connection open after it.
                drop(stream.read(&mut [0; 1]));
            }
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
