//! `corkboard demo`: a throw-away campus with real postings, invented people, and one log-in per role.

mod campus;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::serve::{Told, serve_until};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;

#[derive(Args)]
pub struct Demo {
    /// Address and port, in place of the setting server.listen.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Demo {
    pub fn run(self, mut config: Config) -> Result<ExitCode, Failure> {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        let system = actix_web::rt::System::new();
        // Before there is a folder that a sudden end would leave behind.
        let told = system.block_on(async { Told::hear() })?;
        let folder = ThrowAway::make()?;
        config.data.dir.clone_from(&folder.0);
        eprintln!(
            "filling a campus with postings of NYC Open Data (December 2025, adapted) and invented people …"
        );
        let logins = campus::fill(&config)?;
        crate::telemetry::init_quiet();
        system.block_on(async {
            let running = app::start(config, Clock::System).map_err(|error| {
                format!("{error}; another address can be given with --listen 127.0.0.1:0")
            })?;
            let address = running.server.address;
            println!("\n  http://{address}\n");
            for login in &logins {
                println!("  {:<9} {}  {}", login.role, login.email, login.password);
            }
            println!(
                "\nMail is written to {}. Ctrl-C ends it and leaves nothing behind.",
                folder.0.join("mail/new").display()
            );
            eprintln!("listening on http://{address}");
            serve_until(told, running).await
        })
    }
}

/// A folder that goes when the demo ends.
struct ThrowAway(PathBuf);

impl ThrowAway {
    fn make() -> std::io::Result<Self> {
        let name = format!("corkboard-demo-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!(
                "corkboard: {} could not be removed: {error}",
                self.0.display()
            );
        }
    }
}
