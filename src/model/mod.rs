//! Plain types and pure decisions. No I/O, no async, no clock: callers pass in what a decision needs.

mod account;
mod application;
mod campus;
mod email;
mod employer;
mod event;
mod field_fault;
mod file;
mod identity;
mod ids;
mod invalid;
mod job;
mod job_input;
mod mail;
mod money;
mod names;
mod network;
mod patch;
mod read_json;
mod rule;
mod session;
mod signing_key;
mod skills;
mod strict;
mod student;
mod text;
mod time;

pub use account::{Account, AccountStatus, Claim, Registration, Role};
pub use application::{
    ActingSide, Answer, Application, ApplicationStatus, Eligibility, Move, Outcome, Override,
    Reason,
};
pub use campus::{Campus, language_for};
pub use email::Email;
pub use employer::{Employer, EmployerPatch, EmployerProfile, Setting};
pub use event::{Actor, BackupFault, Event, LogEntry};
pub use field_fault::{FieldFault, fill, in_full, named_parts};
pub use file::StoredFile;
pub use identity::{Identity, Party};
pub use ids::{
    AccountId, ApplicationId, CampusId, EmployeeId, FileId, Id, JobId, MailId, QuestionId, RuleId,
    SessionId, StudentId, TokenId,
};
pub use invalid::{FieldError, Invalid};
pub use job::{Declined, Job, JobSetting, JobStatus, Question};
pub use job_input::{JobFields, JobInput};
pub use mail::{ClosedBecause, Mail, MailKind, MailState, MailTemplate, MailTopic, Ruling};
pub use money::Money;
pub use names::names_of;
pub use network::{AddressRange, Network};
pub use patch::Patch;
pub use read_json::{field_at, from_json, from_member, from_text, read_json};
pub use rule::{
    Delivery, ParameterPatch, Parameters, RuleAnswer, RuleFailure, RuleInUse, RuleKind, RuleModule,
    RuleSet, RuleState,
};
pub use session::{ReplacedToken, SavedAnswer, Session, Token, TokenKind};
pub use signing_key::{SigningKey, SigningKeys};
pub use skills::{MAX_NAME_WORDS, Vocabulary, fold_name};
pub use strict::StrictJson;
pub use student::{Fact, NumberFrom, Preferences, Student, StudentPatch, StudentProfile};
pub use text::{Line, check_list, check_text};
pub use time::{Timestamp, day_or_time};
