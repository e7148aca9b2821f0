//! `corkboard serve`: runs the job board until SIGTERM or Ctrl-C.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, Warning};
use crate::telemetry;

#[derive(Args)]
pub struct Serve {
    /// The address and port to listen on [default: the setting server.listen].
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub fn run(self, mut config: Config) -> Result<ExitCode, Failure> {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        telemetry::init()?;
        // As a trait object, so that it is compiled once, and not again in several modules of Tokio.
        let serving: Pin<&mut dyn Future<Output = _>> = pin!(async {
            let signal = StopSignal::listen()?;
            let settings = config.clone();
            let is_new = !app::has_store(&settings);
            let running = app::start(config, Clock::System).await?;
            if is_new {
                let folder = settings.data.dir.display();
                tracing::info!(%folder, "created an empty board, because this folder had no data");
            }
            for Warning { setting, message } in settings.harmful_samples(running.server.address) {
                tracing::warn!(setting, "{message}");
            }
            telemetry::say(format_args!(
                "listening on http://{}",
                running.server.address
            ));
            serve_until(signal, running).await
        });
        actix_web::rt::System::new().block_on(serving)
    }
}

/// An address to listen on. Rust's own error does not say what one looks like.
pub(super) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080")
}

/// The signals that ask this process to stop. It listens for them from the moment this is created, so a stop during the
/// start is also a clean one.
pub(super) struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Must be called inside a Tokio runtime.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

/// Serves until the process is asked to stop, then lets running requests finish.
pub(super) async fn serve_until(
    mut signal: StopSignal,
    running: app::Running,
) -> Result<ExitCode, Failure> {
    let handle = running.server.handle.clone();
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = signal.terminate.recv() => {}
            _ = signal.interrupt.recv() => {}
        }
        tracing::info!("stopping");
        handle.stop(true).await;
    });
    running.wait().await?;
    Ok(ExitCode::SUCCESS)
}
