//! `corkboard demo`: a throw-away campus with real postings, invented people, and one log-in per role.

mod campus;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use campus::Login;

use super::Failure;
use super::print::{Unprinted, print_line};
use super::serve::{Told, serve_until};
use super::throw_away::ThrowAway;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry;

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
        telemetry::say(
            "filling a campus with postings of NYC Open Data (December 2025, adapted) and invented people …",
        );
        let logins = campus::fill(&config)?;
        telemetry::init_quiet()?;
        system.block_on(async {
            let running = app::start(config, Clock::System).map_err(|error| {
                format!("{error}; another address can be given with --listen 127.0.0.1:0")
            })?;
            let address = running.server.address;
            if let Err(error) = tell(address, &logins, folder.path()) {
                // Nobody could sign in.
                let handle = running.server.handle.clone();
                let ((), outcome) = tokio::join!(handle.stop(true), running.wait());
                outcome?;
                return Err(error.into());
            }
            telemetry::say(format_args!("listening on http://{address}"));
            serve_until(told, running).await
        })
    }
}

fn tell(address: SocketAddr, logins: &[Login], folder: &Path) -> Result<(), Unprinted> {
    print_line(format_args!("\n  http://{address}\n"))?;
    for login in logins {
        let Login {
            role,
            email,
            password,
        } = login;
        print_line(format_args!("  {role:<9} {email}  {password}"))?;
    }
    print_line(format_args!(
        "\nMail is written to {}. Ctrl-C ends it and leaves nothing behind.",
        folder.join("mail/new").display()
    ))
}
