//! What the service reports about itself: metrics, readiness, the headers of every answer, and its log.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{self, Board, PASSWORD, until};
use corkboard::clock::Clock;
use reqwest::Method;
use serde_json::json;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[actix_web::test]
async fn metrics_are_for_local_callers_and_admins() {
    let board = Board::start_with(Clock::System, |config| {
        config.server.trusted_proxies = vec![[127, 0, 0, 1].into()];
    });
    let student = board.join("student", "ann@example.edu").await;
    let admin = board.admin().await;
    board.get(None, "jobs/nothing").await.expect(404);
    board.get(None, "/nowhere").await.expect(404);
    let read = async |accept: &str| {
        let request = board.request(Method::GET, "/metrics");
        board
            .send(request.header("accept", accept))
            .await
            .expect(200)
    };
    let plain = read("text/plain;version=0.0.4").await;
    assert!(
        plain
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        plain
            .text
            .contains("# TYPE corkboard_store_commits_total counter")
    );
    assert!(!plain.text.contains("# EOF"));
    let open = read("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    assert!(
        open.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = open.text;
    for line in [
        "corkboard_http_request_duration_seconds_count{route=\"/api/v1/auth/login\",method=\"POST\",status=\"2xx\"} 1",
        "corkboard_http_request_duration_seconds_count{route=\"/api/v1/jobs/{jobId}\",method=\"GET\",status=\"4xx\"} 1",
        "corkboard_http_request_duration_seconds_count{route=\"none\",method=\"GET\",status=\"4xx\"} 1",
        "corkboard_follower_lag{follower=\"index\"} ",
        "corkboard_follower_lag{follower=\"notify\"} ",
        "corkboard_outbox_mails{state=\"waiting\"} ",
        "corkboard_outbox_mails{state=\"failed\"} 0",
        "corkboard_store_commits_total ",
        "corkboard_store_changes_waiting 0",
        "process_resident_memory_bytes ",
        concat!(
            "corkboard_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let number = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(number("corkboard_store_commits_total ") >= 4.0);
    assert!(number("corkboard_store_changes_total ") >= number("corkboard_store_commits_total "));
    assert!(number("process_resident_memory_bytes ") > 1e6);

    // Behind the proxy, the caller that it reports counts.
    let from_outside = |who: Option<&support::Person>| {
        let request = board
            .request(Method::GET, "/metrics")
            .header("x-forwarded-for", "203.0.113.9");
        match who {
            Some(person) => request.bearer_auth(&person.token),
            None => request,
        }
    };
    board.send(from_outside(None)).await.expect(404);
    board.send(from_outside(Some(&student))).await.expect(404);
    board.send(from_outside(Some(&admin))).await.expect(200);
    let wrong = from_outside(None).bearer_auth("wrong");
    board.send(wrong).await.expect(404);
    board.stop().await;
}

#[actix_web::test]
async fn a_caller_behind_an_unknown_proxy_is_not_local() {
    let board = Board::start();
    let request = board
        .request(Method::GET, "/metrics")
        .header("x-forwarded-for", "203.0.113.9");
    board.send(request).await.expect(404);
    board.stop().await;
}

#[actix_web::test]
async fn metrics_can_have_their_own_address() {
    let port = free_port();
    let board = Board::start_with(Clock::System, |config| {
        config.metrics.listen = Some(([127, 0, 0, 1], port).into());
    });
    let admin = board.admin().await;
    board.get(Some(&admin), "/metrics").await.expect(404);
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let answer = reqwest::get(url("/metrics")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("corkboard_build_info")
    );
    for other in ["/", "/api/v1/jobs", "/healthz"] {
        assert_eq!(reqwest::get(url(other)).await.unwrap().status(), 404);
    }
    board.stop().await;
    assert!(
        reqwest::get(url("/metrics")).await.is_err(),
        "it has stopped"
    );

    let board = Board::start_with(Clock::System, |config| config.metrics.enabled = false);
    board.get(None, "/metrics").await.expect(404);
    board.stop().await;
}

#[actix_web::test]
async fn a_mail_server_that_is_down_is_reported_and_the_site_stays_ready() {
    use corkboard::config::MailTransport;
    let port = free_port();
    let board = Board::start_with(Clock::System, |config| {
        config.mail.transport = MailTransport::Smtp;
        config.mail.host = "127.0.0.1".into();
        config.mail.port = port;
    });
    until("the index has caught up", async || {
        let ready = board.get(None, "/readyz").await.expect(200).json();
        assert_eq!(ready["status"], "ready");
        assert_eq!(ready["store"]["state"], "ok");
        ready["index"] == json!({"state": "ok", "lag": 0})
    })
    .await;
    let body =
        json!({"email": "ann@example.edu", "password": PASSWORD, "name": "Ann", "role": "student"});
    board.post(None, "auth/register", body).await.expect(202);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let ready = board.get(None, "/readyz").await.expect(200).json();
        if ready["mail"] == json!({"state": "resting", "waiting": 1}) {
            break;
        }
        assert!(Instant::now() < deadline, "{ready}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    board.stop().await;
}

#[actix_web::test]
async fn every_answer_has_security_headers() {
    let board = Board::start();
    for (path, status) in [
        ("jobs", 200),
        ("me", 401),
        ("/nowhere", 404),
        ("/api/docs", 200),
    ] {
        let reply = board.get(None, path).await.expect(status);
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("strict-transport-security"), "", "{path}");
    }
    let browser = board
        .request(Method::GET, "/nowhere")
        .header("accept", "text/html");
    let pages = [
        board.get(None, "/").await.expect(200),
        board.get(None, "/api/docs").await.expect(200),
        board.send(browser).await.expect(404),
    ];
    for page in pages {
        assert!(page.header("content-type").starts_with("text/html"));
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    board.stop().await;

    let board = Board::start_with(Clock::System, |config| {
        config.server.public_url = "https://jobs.example.edu".into();
    });
    let reply = board.get(None, "jobs").await.expect(200);
    assert_eq!(
        reply.header("strict-transport-security"),
        "max-age=31536000"
    );
    board.stop().await;
}

#[actix_web::test]
async fn an_idle_connection_stays_open_between_requests() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let board = Board::start();
    let address = board.url.strip_prefix("http://").unwrap().to_owned();
    let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
    for pause in [Duration::ZERO, Duration::from_secs(7)] {
        // This test is about elapsed time: the server library's default is five seconds.
        tokio::time::sleep(pause).await;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        connection.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        // The rest of this answer, so that the next one is read from its start.
        let mut rest = [0; 4096];
        while connection.try_read(&mut rest).is_ok_and(|read| read > 0) {}
    }
    board.stop().await;
}
