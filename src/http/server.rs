//! Sets up actix: limits, CORS, routes, pages.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server as Running, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};

use super::cors::cors;
use super::routes::{other_methods, services};
use super::site::as_page;
use super::state::State;
use super::upkeep::keep_up;
use super::{metrics, pages, watch};

/// When the server stops, running requests get this many seconds to finish.
const GRACE_SECONDS: u64 = 20;

/// How long an idle connection stays open. Longer than in the pools of common proxies and clients (60 seconds in
/// nginx), because the side that closes first must know that no request is on its way.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A bound server. It answers once awaited.
pub struct Server {
    pub address: SocketAddr,
    pub handle: ServerHandle,
    pub running: Running,
}

/// Serves on a bound socket. `workers`: the number of threads that answer.
pub fn serve(
    listener: TcpListener,
    state: web::Data<State>,
    workers: usize,
) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    actix_web::rt::spawn(keep_up(Arc::downgrade(&state)));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(as_page))
            .wrap(Compress::default())
            .wrap(from_fn(cors))
            .wrap(from_fn(watch::watch))
            .service(services())
            .default_service(web::to(pages::fallback))
    })
    .workers(workers)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS)
    .listen(listener)?
    .run();
    Ok(Server {
        address,
        handle: server.handle(),
        running: server,
    })
}

/// Serves only metrics, on their own address.
pub fn serve_metrics(listener: TcpListener, state: web::Data<State>) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).service(
            web::resource("/metrics")
                .route(web::get().to(metrics::read_here))
                .default_service(other_methods("GET".into())),
        )
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener)?
    .run();
    Ok(Server {
        address,
        handle: server.handle(),
        running: server,
    })
}
