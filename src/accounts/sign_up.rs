//! Registration. The answer does not say whether the address is taken; only its owner gets to know.

use super::{Refusal, Registrar, tokens};
use crate::mail::Recipient;
use crate::model::{
    Account, AccountId, AccountStatus, Claim, Email, Event, Invalid, Line, MailTemplate,
    Registration, Role, check_text,
};
use crate::store::{Stored, Transaction, keys};

/// A valid registration.
pub struct SignUp {
    pub email: Email,
    pub name: String,
    pub role: Role,
    pub profile: Registration,
}

/// Longest name of a person, in characters.
const MAX_NAME_CHARS: usize = 200;

impl SignUp {
    /// Checks what a person typed. `profile` has the fields of that person's role.
    pub fn parse(
        registrar: &Registrar,
        email: &str,
        password: &str,
        name: &str,
        profile: Registration,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let role = match profile {
            Registration::Student(_) => Role::Student,
            Registration::Employer(_) => Role::Employer,
        };
        let email = invalid.field("email", Email::parse(email));
        if let Some(email) = &email
            && role == Role::Student
            && !registrar.campus.owns(email)
        {
            invalid.add("email", registrar.campus.domain_fault());
        }
        invalid.field("password", crate::auth::check_password(password));
        let name = invalid.field("name", check_text(name, Line::Single, 1, MAX_NAME_CHARS));
        let profile = match profile {
            Registration::Student(profile) => profile.validate().map(|mut profile| {
                let skills = &registrar.campus.skills;
                profile.skills = skills.canonical_list(&profile.skills);
                Registration::Student(profile)
            }),
            Registration::Employer(profile) => profile.validate().map(Registration::Employer),
        };
        let profile = invalid.part(profile);
        let all = email.zip(name).zip(profile);
        let ((email, name), profile) = invalid.complete(all)?;
        Ok(Self {
            email,
            name,
            role,
            profile,
        })
    }
}

/// Stores the registration and mails the address: a verification link, or a note that it is taken. Each registration of
/// an unverified address has its own link, and the first to be verified gets the address. Until then, the account shows
/// the newest registration.
pub async fn sign_up(
    registrar: &Registrar,
    transaction: &mut Transaction,
    input: &SignUp,
    password_hash: &str,
) -> Result<(), Refusal> {
    // Writes something in every case, so that the time does not tell whether the address is taken.
    transaction
        .guard(&keys::asked_by_strangers(Some(&input.email)))
        .await?;
    // A registration is useless without its mail.
    if !registrar.outbox.may_ask(transaction, &input.email).await? {
        return Ok(());
    }
    let now = transaction.now();
    let existing: Option<Stored<Account>> =
        transaction.find(&keys::account_email(&input.email)).await?;
    let account = Account {
        account_id: existing
            .as_ref()
            .map_or_else(|| AccountId::generate(now), |old| old.account_id),
        email: input.email.clone(),
        role: input.role,
        name: input.name.clone(),
        status: AccountStatus::Unverified,
        trusted: false,
        password_hash: Some(password_hash.into()),
        student_id: None,
        employee_id: None,
        pending_email: None,
        created_at: existing.as_ref().map_or(now, |old| old.created_at),
        updated_at: now,
    };
    let account = match existing {
        None => transaction.insert(account).await?,
        Some(old) if old.status == AccountStatus::Unverified => {
            transaction.update(&old, account).await?
        }
        Some(owner) => {
            let recipient = Recipient::unverified(owner.record.email, owner.record.account_id);
            let template = MailTemplate::AddressTaken;
            registrar
                .outbox
                .send(transaction, template, recipient)
                .await?;
            return Ok(());
        }
    };
    let claim = Claim {
        role: input.role,
        name: input.name.clone(),
        password_hash: password_hash.into(),
        profile: input.profile.clone(),
    };
    let secret = tokens::issue_claim(transaction, account.account_id, claim).await?;
    let token = secret.reveal();
    let template = MailTemplate::VerifyEmail { token };
    let recipient = Recipient::unverified(account.record.email, account.record.account_id);
    registrar
        .outbox
        .send(transaction, template, recipient)
        .await?;
    transaction.log(Event::AccountRegistered {
        account_id: account.record.account_id,
        role: account.record.role,
    })?;
    Ok(())
}
