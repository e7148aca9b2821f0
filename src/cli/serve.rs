//! `corkboard serve`: runs the job board until SIGTERM or Ctrl-C.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry;

#[derive(Args)]
pub struct Serve {
    /// Address and port, in place of the setting server.listen.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub fn run(self, mut config: Config) -> Result<ExitCode, Failure> {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        telemetry::init();
        actix_web::rt::System::new().block_on(async {
            let running = app::start(config, Clock::System)?;
            eprintln!("listening on http://{}", running.server.address);
            serve_until_told(running).await
        })
    }
}

/// Serves until the process is asked to stop; running requests are finished.
pub(super) async fn serve_until_told(running: app::Running) -> Result<ExitCode, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let handle = running.server.handle.clone();
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            // An error here means that Ctrl-C cannot be heard; SIGTERM still can.
            pressed = tokio::signal::ctrl_c() => if pressed.is_err() { terminate.recv().await; }
        }
        tracing::info!("stopping");
        handle.stop(true).await;
    });
    running.wait().await?;
    Ok(ExitCode::SUCCESS)
}
