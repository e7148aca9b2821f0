//! `corkboard init`: writes the first config.toml and creates the first admin.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind as Usage;
use clap::{Args, CommandFactory as _, ValueEnum};

use super::{Failure, Line, account};
use crate::accounts::{self, AccountsWanted};
use crate::config::Config;
use crate::model::{Account, Role};
use crate::store::{Store, Stored};
use crate::telemetry::say;

/// The repository's commented config.toml. Its values are the defaults.
const SETTINGS: &str = include_str!("../../../config.toml");
const SYSTEMD: &str = include_str!("corkboard.service");
const CONTAINER: &str = include_str!("Containerfile");

#[derive(Args)]
pub struct Init {
    /// Print a deployment file and do nothing else.
    #[arg(long, value_name = "KIND", exclusive = true)]
    print: Option<Deployment>,
    /// The first admin's email [default: ask].
    #[arg(long)]
    email: Option<String>,
    /// The first admin's name [default: ask].
    #[arg(long)]
    name: Option<String>,
    /// Generate and print a password [default: ask, or read one line from standard input].
    ///
    /// If standard output is not a terminal, only the password is printed.
    #[arg(long)]
    generate: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Deployment {
    Systemd,
    Container,
}

impl Init {
    /// The file that --print asks for.
    pub fn printed(&self) -> Option<&'static str> {
        self.print.map(|deployment| match deployment {
            Deployment::Systemd => SYSTEMD,
            Deployment::Container => CONTAINER,
        })
    }

    /// Writes config.toml with this data folder, and keeps one that exists.
    pub fn write_settings(
        &self,
        path: Option<&Path>,
        data_dir: Option<&Path>,
    ) -> Result<(), Failure> {
        let path = path.unwrap_or(Path::new("config.toml"));
        let shown = path.display();
        let made = std::fs::File::options()
            .write(true)
            .create_new(true)
            // The password of the mail server belongs in it.
            .mode(0o600)
            .open(path);
        match made {
            Ok(mut file) => {
                file.write_all(settings(data_dir)?.as_bytes())?;
                file.sync_all()?;
                say(format_args!(
                    "created {shown}; before real use, set the campus name, email_domains, time_zone, [calendar], public_url and [mail] in it"
                ));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                say(format_args!("{shown} already exists and was not changed"));
                Ok(())
            }
            Err(error) => Err(format!("{shown}: {error}").into()),
        }
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = account::open_or_create(config)?;
        if let Some(admin) = first_admin(&store).await? {
            say(format_args!(
                "{} is already an admin; `corkboard account create --role admin` creates another",
                admin.email
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let email = account::parse_email(&given(self.email, "--email", "Email")?)?;
        let name = given(self.name, "--name", "Name")?;
        account::make(&store, Role::Admin, &email, &name, self.generate).await?;
        say(format_args!(
            "{email} is an admin; start the board with `corkboard serve`"
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// The settings with this data folder, so that the next command finds it without `--data-dir`.
fn settings(data_dir: Option<&Path>) -> Result<String, Failure> {
    let Some(folder) = data_dir else {
        return Ok(SETTINGS.to_owned());
    };
    let folder = folder.to_str().ok_or("--data-dir must be UTF-8")?;
    let folder = toml::Value::String(folder.to_owned());
    Ok(SETTINGS.replacen("\ndir = \"data\"\n", &format!("\ndir = {folder}\n"), 1))
}

async fn first_admin(store: &Store) -> Result<Option<Stored<Account>>, Failure> {
    let reader = store.read()?;
    let wanted = AccountsWanted {
        role: Some(Role::Admin),
        ..AccountsWanted::default()
    };
    let mut after = None;
    loop {
        let page = accounts::list_accounts(&reader, &wanted, after.as_ref(), 1).await?;
        if let Some(admin) = page.items.into_iter().next() {
            return Ok(Some(admin));
        }
        // A page can be empty and still have a next one.
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// The option's value, or a line typed at a terminal. Without either, this is a usage error.
fn given(value: Option<String>, option: &str, what: &str) -> Result<String, Failure> {
    if let Some(value) = value {
        return Ok(value);
    }
    if !std::io::stdin().is_terminal() {
        let message = format!("init needs {option} to create the first admin");
        Line::command()
            .error(Usage::MissingRequiredArgument, message)
            .exit();
    }
    say(format_args!("{what}:"));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
