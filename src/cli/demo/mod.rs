//! `corkboard demo`: a throw-away campus with real postings, invented people, and one log-in per role.

mod campus;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::serve::{Told, serve_until};
use super::throw_away::ThrowAway;
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
        // The address that is printed is the one to sign in at, whatever the settings of another site say.
        config.server.public_url.clear();
        let system = actix_web::rt::System::new();
        // Before there is a folder that a sudden end would leave behind.
        let told = system.block_on(async { Told::hear() })?;
        let folder = ThrowAway::make("demo")?;
        folder.path().clone_into(&mut config.data.dir);
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
                folder.path().join("mail/new").display()
            );
            eprintln!("listening on http://{address}");
            serve_until(told, running).await
        })
    }
}
