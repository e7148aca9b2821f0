//! Metrics for Prometheus. A request is counted in a slot found by two indexes, which costs a fraction of a
//! microsecond. Everything else is read when metrics are requested.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::caller::{Caller, LocalOrAdmin};
use super::problem::Problem;
use super::routes;
use super::state::State;
use crate::followers::FollowerState;
use crate::mail::{count_failed, count_waiting};
use crate::store::{Reader, StoreError};
use crate::telemetry;

/// Seconds, from a cached record to a request that waited for everything.
const BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PATCH", "DELETE", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Requests without a route: the pages' files, and unknown addresses.
const NO_ROUTE: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FollowerLabels {
    follower: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailLabels {
    state: &'static str,
}

/// The index of a path in the table of routes, stored with the resource.
#[derive(Clone, Copy)]
pub struct RouteNumber(pub usize);

/// The histograms of one path, created on first use.
struct Slots {
    route: &'static str,
    histograms: [[OnceLock<Histogram>; CLASSES.len()]; METHODS.len()],
}

pub struct Metrics {
    registry: Registry,
    requests: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// By `RouteNumber`, with one more for requests without a route.
    slots: Vec<Slots>,
    running: Family<FollowerLabels, Gauge>,
    lag: Family<FollowerLabels, Gauge>,
    mails: Family<MailLabels, Gauge>,
    commits: Counter,
    changes: Counter,
    changes_waiting: Gauge,
    log_lines_lost: Counter,
    /// Absent until it has a value, since a board without scheduled backups must not look like one whose backups fail.
    last_backup: Family<[(&'static str, &'static str); 0], Gauge>,
    memory: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::new_with_constructor(histogram),
            slots: routes::paths()
                .into_iter()
                .chain([NO_ROUTE])
                .map(|route| Slots {
                    route,
                    histograms: Default::default(),
                })
                .collect(),
            running: Family::default(),
            lag: Family::default(),
            mails: Family::default(),
            commits: Counter::default(),
            changes: Counter::default(),
            changes_waiting: Gauge::default(),
            log_lines_lost: Counter::default(),
            last_backup: Family::default(),
            memory: Gauge::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of this process that is in RAM",
            Unit::Bytes,
            self.memory.clone(),
        );
        let own = registry.sub_registry_with_prefix("corkboard");
        own.register(
            "build",
            "The running version",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        own.register_with_unit(
            "http_request_duration",
            "Time from the end of a request's headers to the start of its answer",
            Unit::Seconds,
            self.requests.clone(),
        );
        own.register(
            "follower_lag",
            "Change log entries that a follower of this server has not handled yet",
            self.lag.clone(),
        );
        own.register(
            "follower_running",
            "1 on the server that runs a follower; add them up over all servers",
            self.running.clone(),
        );
        own.register(
            "outbox_mails",
            "Waiting and failed mails, counted up to 10,000",
            self.mails.clone(),
        );
        own.register(
            "store_commits",
            "Durable commits since the start",
            self.commits.clone(),
        );
        own.register(
            "store_changes",
            "Changes in those commits; changes / commits is the size of a group",
            self.changes.clone(),
        );
        own.register(
            "store_changes_waiting",
            "Changes submitted and not yet answered",
            self.changes_waiting.clone(),
        );
        own.register(
            "log_lines_lost",
            "Log lines that could not be written to standard error, since the start",
            self.log_lines_lost.clone(),
        );
        own.register_with_unit(
            "backup_last_success_timestamp",
            "When the last good daily backup was taken, 0 if none is known; absent if daily backups are off",
            Unit::Seconds,
            self.last_backup.clone(),
        );
        self
    }

    /// Counts an answer. Runs for every request.
    pub fn note(&self, route: Option<RouteNumber>, method: &Method, status: u16, took: Duration) {
        let last = self.slots.len() - 1;
        let slots = &self.slots[route.map_or(last, |RouteNumber(number)| number.min(last))];
        let method = match *method {
            Method::GET => 0,
            Method::HEAD => 1,
            Method::POST => 2,
            Method::PATCH => 3,
            Method::DELETE => 4,
            _ => 5,
        };
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        slots.histograms[method][class]
            .get_or_init(|| {
                let labels = RouteLabels {
                    route: slots.route,
                    method: METHODS[method],
                    status: CLASSES[class],
                };
                self.requests.get_or_create(&labels).clone()
            })
            .observe(took.as_secs_f64());
    }

    /// Reads the values that are not counted as they change.
    async fn read_gauges(&self, state: &State, reader: &Reader) -> Result<(), StoreError> {
        let end = reader.log_end().await?;
        for follower in state.followers.followers() {
            let name = follower.name;
            let is_running = matches!(
                follower.state(),
                FollowerState::Running | FollowerState::Failing
            );
            self.running
                .get_or_create(&FollowerLabels { follower: name })
                .set(is_running.into());
            let labels = FollowerLabels { follower: name };
            match follower.lag(end) {
                Some(lag) => {
                    self.lag.get_or_create(&labels).set(lag as i64);
                }
                None => {
                    self.lag.remove(&labels);
                }
            }
        }
        for (state, count) in [
            ("waiting", count_waiting(reader).await?),
            ("failed", count_failed(reader).await?),
        ] {
            self.mails
                .get_or_create(&MailLabels { state })
                .set(count as i64);
        }
        let load = state.store.load();
        self.commits.inner().store(load.commits, Ordering::Relaxed);
        self.changes.inner().store(load.changes, Ordering::Relaxed);
        self.changes_waiting.set(load.waiting as i64);
        let lost = telemetry::lost();
        self.log_lines_lost.inner().store(lost, Ordering::Relaxed);
        if state.config.backup.is_on() {
            let last = state.backups.last_success().unwrap_or_default();
            self.last_backup
                .get_or_create(&[])
                .set(last.as_millis() / 1000);
        }
        if let Some(bytes) = resident_bytes() {
            self.memory.set(bytes);
        }
        Ok(())
    }
}

/// `VmRSS` from proc(5). Only Linux has it.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// GET /metrics on the main address, unless metrics have their own.
pub async fn read(
    _: Caller<LocalOrAdmin>,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let reader = state.read()?;
    let settings = &state.config.metrics;
    if !settings.enabled || settings.listen.is_some() {
        return Err(Problem::not_found());
    }
    answer(&request, &state, &reader).await
}

/// GET /metrics on its own address.
pub async fn read_here(
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    answer(&request, &state, &state.read()?).await
}

const OPEN_METRICS: &str = "application/openmetrics-text";

async fn answer(
    request: &HttpRequest,
    state: &State,
    reader: &Reader,
) -> Result<HttpResponse, Problem> {
    let metrics = &state.metrics;
    metrics.read_gauges(state, reader).await?;
    let mut text = String::with_capacity(64 * 1024);
    prometheus_client::encoding::text::encode(&mut text, &metrics.registry)
        .map_err(|error| Problem::internal(&error))?;
    let accept = request.headers().get(header::ACCEPT);
    let takes_open = accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(OPEN_METRICS));
    let kind = if takes_open {
        format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8")
    } else {
        text = plain_text(&text);
        "text/plain; version=0.0.4; charset=utf-8".into()
    };
    let mut response = HttpResponse::build(StatusCode::OK);
    response.insert_header((header::CONTENT_TYPE, kind));
    response.insert_header((header::VARY, "Accept"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.body(text))
}

/// The same in the older Prometheus format, where a family has the name of its samples, and which has no units and no
/// end mark.
fn plain_text(open: &str) -> String {
    let renamed = |line: &str| -> Option<(String, (&'static str, &'static str))> {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        match kind {
            "counter" => Some((name.to_owned(), ("_total", "counter"))),
            "info" => Some((name.to_owned(), ("_info", "gauge"))),
            _ => None,
        }
    };
    let renamed: HashMap<_, _> = open.lines().filter_map(renamed).collect();
    let mut plain = String::with_capacity(open.len());
    for line in open.lines() {
        let comment = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(' '));
        let line = match comment {
            Some(("UNIT", _)) => continue,
            None if line == "# EOF" => continue,
            Some((word, rest)) => {
                let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
                match renamed.get(name) {
                    Some((suffix, kind)) => {
                        let text = if word == "TYPE" { *kind } else { text };
                        format!("# {word} {name}{suffix} {text}")
                    }
                    None => line.to_owned(),
                }
            }
            None => line.to_owned(),
        };
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_families_like_their_samples() {
        let open = "# HELP a Things done.\n# TYPE a counter\na_total 3\n# HELP b What runs.\n# TYPE b info\n\
                    b_info{v=\"1\"} 1\n# HELP c_bytes Size.\n# TYPE c_bytes gauge\n# UNIT c_bytes bytes\nc_bytes 7\n# EOF\n";
        let plain = "# HELP a_total Things done.\n# TYPE a_total counter\na_total 3\n# HELP b_info What runs.\n\
                     # TYPE b_info gauge\nb_info{v=\"1\"} 1\n# HELP c_bytes Size.\n# TYPE c_bytes gauge\nc_bytes 7\n";
        assert_eq!(plain_text(open), plain);
    }

    #[test]
    fn a_request_is_counted_by_route_method_and_status_class() {
        let metrics = Metrics::default();
        let number = routes::paths()
            .iter()
            .position(|path| *path == "/api/v1/jobs/{jobId}")
            .map(RouteNumber);
        let took = Duration::from_micros(300);
        metrics.note(number, &Method::GET, 200, took);
        metrics.note(number, &Method::GET, 204, took);
        metrics.note(None, &Method::PUT, 404, took);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &metrics.registry).unwrap();
        let name = "corkboard_http_request_duration_seconds";
        for line in [
            format!(
                "{name}_bucket{{le=\"0.0005\",route=\"/api/v1/jobs/{{jobId}}\",method=\"GET\",status=\"2xx\"}} 2"
            ),
            format!("{name}_count{{route=\"none\",method=\"other\",status=\"4xx\"}} 1"),
        ] {
            assert!(text.contains(&line), "{line} is not in {text}");
        }
    }
}
