//! `corkboard demo`: a campus with real postings, invented people and one login per role. It uses its own settings and
//! ignores config.toml and the environment. It is deleted at the end unless --data-dir names a folder to keep it in.

mod campus;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};

use campus::Login;

use super::print::{Unprinted, print_line};
use super::serve::{StopSignal, address, serve_until};
use super::temp_folder::TempFolder;
use super::{Failure, Line};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry::{self, say};

#[derive(Args)]
#[command(
    after_help = "The demo has its own settings and does not take --config. It is deleted at the end, unless --data-dir names \
                  a folder to keep it in."
)]
pub struct Demo {
    /// The address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

/// Where the demo's data is.
enum Folder {
    TempFolder(TempFolder),
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::TempFolder(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

impl Demo {
    /// `settings` and `data_dir` are the global options.
    pub fn run(
        self,
        settings: Option<&Path>,
        data_dir: Option<PathBuf>,
    ) -> Result<ExitCode, Failure> {
        if settings.is_some() {
            let message = "demo uses its own settings and does not take --config; \
                           `corkboard serve --config FILE` runs your campus";
            Line::command()
                .error(clap::error::ErrorKind::ArgumentConflict, message)
                .exit();
        }
        let mut config = Config::default();
        config.server.listen = self.listen.unwrap_or(config.server.listen);
        check_address(config.server.listen)?;
        let system = actix_web::rt::System::new();
        // Listen before the folder exists, because an early Ctrl-C would leave it behind.
        let signal = system.block_on(async { StopSignal::listen() })?;
        let folder = match data_dir {
            None => Folder::TempFolder(TempFolder::make("demo")?),
            Some(path) => Folder::Kept(path),
        };
        folder.path().clone_into(&mut config.data.dir);
        if app::has_store(&config) {
            let shown = folder.path().display();
            return Err(format!(
                "{shown} already holds Corkboard data. Run it with `corkboard serve --data-dir {shown}`, or choose another folder"
            )
            .into());
        }
        say(
            "creating a campus with postings from NYC Open Data (December 2025, adapted) and invented people …",
        );
        let logins = system.block_on(campus::fill(&config))?;
        telemetry::init_quiet()?;
        let serving: Pin<&mut dyn Future<Output = _>> = pin!(async {
            let running = app::start(config, Clock::System).await?;
            let address = running.server.address;
            if let Err(error) = tell(address, &logins, &folder) {
                // The logins could not be printed, so nobody could log in.
                let handle = running.server.handle.clone();
                let ((), outcome) = tokio::join!(handle.stop(true), running.wait());
                outcome?;
                return Err(error.into());
            }
            say(format_args!("listening on http://{address}"));
            serve_until(signal, running).await
        });
        system.block_on(serving)
    }
}

/// Checks the address first, because filling the campus takes a while.
fn check_address(listen: SocketAddr) -> Result<(), Failure> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "cannot listen on {listen}: {error}. Choose another address with --listen, for example --listen 127.0.0.1:0"
        )
        .into()),
    }
}

fn tell(address: SocketAddr, logins: &[Login], folder: &Folder) -> Result<(), Unprinted> {
    print_line(format_args!("\n  http://{address}\n"))?;
    for login in logins {
        let Login {
            role,
            email,
            password,
        } = login;
        print_line(format_args!("  {role:<9} {email}  {password}"))?;
    }
    let path = folder.path().display();
    let mail = folder.path().join("mail/new");
    print_line(format_args!("\nMail is written to {}.", mail.display()))?;
    match folder {
        Folder::TempFolder(_) => print_line("Ctrl-C stops the demo and deletes it."),
        Folder::Kept(_) => print_line(format_args!(
            "Ctrl-C stops the demo. Its data stays in {path}; `corkboard serve --data-dir {path}` runs it again."
        )),
    }
}
