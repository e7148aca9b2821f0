//! `corkboard account`: creates and manages accounts from the command line, while the server is stopped.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand, ValueEnum};

use super::Failure;
use super::print::print_line;
use crate::accounts::{self, Moderation, Registrar};
use crate::app;
use crate::auth::{Passwords, check_password};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{self, AccountStatus, Email, Role};
use crate::store::{Origin, Store, Stored, Transaction, keys};
use crate::telemetry::say;

#[derive(Subcommand)]
pub enum Account {
    /// Create an account that can log in at once.
    Create(Create),
    /// Suspend an account and end its sessions.
    Suspend {
        /// The account's email.
        #[arg(long)]
        email: String,
    },
    /// Reinstate a suspended account, or approve a waiting employer.
    Reinstate {
        /// The account's email.
        #[arg(long)]
        email: String,
    },
    /// Set a new password and end the account's sessions.
    ResetPassword {
        /// The account's email.
        #[arg(long)]
        email: String,
        /// Generate and print a password [default: ask, or read one line from standard input].
        ///
        /// If standard output is not a terminal, only the password is printed.
        #[arg(long)]
        generate: bool,
    },
}

#[derive(Args)]
pub struct Create {
    /// The kind of account.
    #[arg(long)]
    role: RoleName,
    /// The email to log in with.
    #[arg(long)]
    email: String,
    /// The person's or department's name.
    #[arg(long)]
    name: String,
    /// Generate and print a password [default: ask, or read one line from standard input].
    ///
    /// If standard output is not a terminal, only the password is printed.
    #[arg(long)]
    generate: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Student,
    Employer,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Student => Self::Student,
            RoleName::Employer => Self::Employer,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl Account {
    /// Whether this is how a new board gets its first admin, as with `corkboard init`.
    fn starts_a_board(&self) -> bool {
        matches!(self, Self::Create(create) if matches!(create.role, RoleName::Admin))
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode, Failure> {
        let store = if self.starts_a_board() {
            open_or_create(config)?
        } else {
            app::existing_store(config, Clock::System)?
        };
        let registrar = app::registrar(config, config.public_url(config.server.listen));
        match self {
            Self::Create(create) => {
                let email = parse_email(&create.email)?;
                let role = create.role.into();
                make(&store, role, &email, &create.name, create.generate).await?;
            }
            Self::Suspend { email } => {
                let email = parse_email(&email)?;
                set_status(&store, &registrar, &email, AccountStatus::Suspended).await?;
            }
            Self::Reinstate { email } => {
                let email = parse_email(&email)?;
                set_status(&store, &registrar, &email, AccountStatus::Active).await?;
            }
            Self::ResetPassword { email, generate } => {
                let email = parse_email(&email)?;
                let account = find(&store, &email).await?;
                refuse_unverified(&account)?;
                let (password, made) = password(generate)?;
                let hash = hash(&password).await?;
                let change = async |transaction: &mut Transaction| {
                    let current: Option<Stored<model::Account>> =
                        transaction.get(&keys::account(account.account_id)).await?;
                    let current = current.ok_or(accounts::Refusal::NotFound)?;
                    accounts::change_password(&registrar, transaction, &current, &hash).await
                };
                store.run(Origin::OPERATOR, change).await?;
                tell(
                    "changed the password of",
                    &email,
                    made.then_some(&*password),
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Opens the store of a new or an existing board, and says so if it is new.
pub(super) fn open_or_create(config: &Config) -> Result<Store, Failure> {
    let is_new = !app::has_store(config);
    let store = app::open_store(config, Clock::System)?;
    if is_new {
        let folder = config.data.dir.display();
        say(format_args!("created the data folder {folder}"));
    }
    Ok(store)
}

/// Creates an account, and says so.
pub(super) async fn make(
    store: &Store,
    role: Role,
    email: &Email,
    name: &str,
    generate: bool,
) -> Result<(), Failure> {
    let (password, made) = password(generate)?;
    let hash = hash(&password).await?;
    let create = async |transaction: &mut Transaction| {
        accounts::create_account(transaction, role, email.clone(), name, hash.clone()).await
    };
    store.run(Origin::OPERATOR, create).await?;
    tell("created", email, made.then_some(&*password))
}

/// Prints what was done, and a generated password. This is the only place to read it, so the error says how to get a new
/// one.
fn tell(done: &str, email: &Email, generated: Option<&str>) -> Result<(), Failure> {
    let done = format!("{done} {email}");
    let Some(password) = generated else {
        return Ok(print_line(done)?);
    };
    let printed = print_line(with_password(
        &done,
        password,
        std::io::stdout().is_terminal(),
    ));
    printed.map_err(|error| {
        format!(
            "{done}, but the new password could not be printed: {error}. \
             Run `corkboard account reset-password --email {email} --generate` for another one"
        )
        .into()
    })
}

/// What a person reads. A script gets the password alone.
fn with_password(done: &str, password: &str, is_for_a_person: bool) -> String {
    if is_for_a_person {
        format!("{done}\npassword: {password}")
    } else {
        password.to_owned()
    }
}

async fn set_status(
    store: &Store,
    registrar: &Registrar,
    email: &Email,
    status: AccountStatus,
) -> Result<(), Failure> {
    let account = find(store, email).await?;
    if account.status == status {
        return Ok(print_line(format!("{email} is already {}", status.name()))?);
    }
    if status == AccountStatus::Active {
        refuse_unverified(&account)?;
    }
    let moderation = Moderation {
        status: Some(status),
        trusted: None,
        reason: None,
    };
    let change = async |transaction: &mut Transaction| {
        let id = account.account_id;
        accounts::moderate(registrar, transaction, id, &moderation, &|_| true).await
    };
    store.run(Origin::OPERATOR, change).await?;
    let done = match (account.status, status) {
        (_, AccountStatus::Suspended) => "suspended",
        (AccountStatus::Pending, _) => "approved",
        _ => "reinstated",
    };
    tell(done, email, None)
}

async fn find(store: &Store, email: &Email) -> Result<Stored<model::Account>, Failure> {
    let account = accounts::credentials(&store.read()?, email).await?;
    account.ok_or_else(|| format!("no account has the email {email}").into())
}

/// The person must prove that the address is theirs, which nobody else can do for them.
fn refuse_unverified(account: &model::Account) -> Result<(), Failure> {
    if account.status == AccountStatus::Unverified {
        return Err(format!(
            "{} has not confirmed the email address yet; signing up again sends a new link",
            account.email
        )
        .into());
    }
    Ok(())
}

pub(super) fn parse_email(text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|message| format!("--email {message}").into())
}

/// Random bytes in a generated password, which makes 16 characters.
const MADE_BYTES: usize = 12;

/// A password, and whether it was generated here.
fn password(generate: bool) -> Result<(String, bool), Failure> {
    if generate {
        let bytes: [u8; MADE_BYTES] = rand::random();
        return Ok((URL_SAFE_NO_PAD.encode(bytes), true));
    }
    let input = std::io::stdin().lock();
    if std::io::stdin().is_terminal() {
        say("Password (visible as you type):");
    }
    let line = input.lines().next().transpose()?;
    let password = line.ok_or("no password on standard input; type one, or use --generate")?;
    check_password(&password).map_err(|message| format!("the password {message}"))?;
    Ok((password, false))
}

async fn hash(password: &str) -> Result<String, Failure> {
    Ok(Passwords::new(1)?.hash(password).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_the_password_is_and_a_script_only_the_password() {
        let printed = |is_for_a_person| with_password("created a@b.edu", "s3cret", is_for_a_person);
        assert_eq!(printed(true), "created a@b.edu\npassword: s3cret");
        assert_eq!(printed(false), "s3cret");
    }
}
