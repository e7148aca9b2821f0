//! The roster: one row per student, identified by email. Students cannot change what it sets.

use super::import::{RowError, refuse_other_role};
use super::report::Effect;
use super::rows::Row;
use crate::accounts::{free_student_number, renumber_student};
use crate::model::{
    Campus, Email, Fact, FieldFault, Invalid, Line, Money, NumberFrom, Preferences, Role, Student,
    StudentId, StudentProfile, check_text,
};
use crate::store::{Stored, Transaction, keys};

pub(super) const COLUMNS: &[&str] = &[
    "name",
    "email",
    "studentId",
    "graduationDate",
    "enrolledCredits",
    "gpa",
    "visa",
    "workStudyRemaining",
    "skills",
    "summary",
];
/// The column that identifies the record.
pub(super) const KEY: &str = "email";
pub(super) const REQUIRED: &[&str] = &["name", "email"];

const MAX_NAME_CHARS: usize = 200;

/// A validated row.
struct Entry {
    name: String,
    email: Email,
    student_id: Option<StudentId>,
    profile: StudentProfile,
}

pub(super) fn key(row: &Row) -> Result<Email, FieldFault> {
    Email::parse(row.text(KEY).unwrap_or_default())
}

fn parse(campus: &Campus, row: &Row) -> Result<Entry, Invalid> {
    let mut invalid = Invalid::default();
    let name = check_text(
        row.text("name").unwrap_or_default(),
        Line::Single,
        1,
        MAX_NAME_CHARS,
    );
    let name = invalid.field("name", name);
    let email = invalid.field("email", key(row));
    if email.as_ref().is_some_and(|email| !campus.owns(email)) {
        invalid.add("email", campus.domain_fault());
    }
    let student_id = row.id("studentId", &mut invalid);
    let student_id = student_id.map(StudentId::parse);
    let student_id = student_id.and_then(|id| invalid.field("studentId", id));
    let award = row.amount("workStudyRemaining", &mut invalid);
    let award =
        award.and_then(|award| invalid.field("workStudyRemaining", Money::from_decimal(award)));
    let profile = StudentProfile {
        student_id: None,
        graduation_date: row.date("graduationDate", &mut invalid),
        skills: row.list("skills").unwrap_or_default(),
        summary: row.text("summary").map(str::to_owned),
        enrolled_credits: row.number("enrolledCredits", &mut invalid),
        gpa: row.number("gpa", &mut invalid),
        visa: row.text("visa").map(str::to_owned),
        work_study_remaining: award,
        preferences: Preferences::default(),
    };
    let profile = invalid.part(profile.validate());
    let all = name.zip(email).zip(profile);
    let ((name, email), mut profile) = invalid.complete(all)?;
    profile.skills = campus.skills.canonical_list(&profile.skills);
    Ok(Entry {
        name,
        email,
        student_id,
        profile,
    })
}

/// The record with a row's address, under the row's number, and whether it had another number before.
async fn find(
    transaction: &mut Transaction,
    entry: &Entry,
) -> Result<(Option<Stored<Student>>, bool), RowError> {
    let known: Option<Stored<Student>> =
        transaction.find(&keys::student_email(&entry.email)).await?;
    let Some(id) = &entry.student_id else {
        return Ok((known, false));
    };
    if known.as_ref().is_some_and(|known| known.student_id == *id) {
        return Ok((known, false));
    }
    if !free_student_number(transaction, id).await? {
        return Err(Invalid::one("studentId", FieldFault::Taken).into());
    }
    let Some(old) = known else {
        return Ok((None, false));
    };
    let moved = renumber_student(transaction, &old, id, NumberFrom::Office).await?;
    if moved.is_none() {
        return Err(Invalid::one("studentId", FieldFault::TooManyRecords).into());
    }
    Ok((moved, true))
}

pub(super) async fn import_row(
    campus: &Campus,
    transaction: &mut Transaction,
    row: &Row,
) -> Result<Effect, RowError> {
    let entry = parse(campus, row)?;
    refuse_other_role(transaction, &entry.email, Role::Student).await?;
    let (known, is_renumbered) = find(transaction, &entry).await?;
    let now = transaction.now();
    let Some(old) = known else {
        let id = entry.student_id.clone();
        let id = id.unwrap_or_else(|| StudentId::generate(now));
        let (name, email) = (entry.name.clone(), entry.email.clone());
        let mut student = Student::new(id, NumberFrom::Person, name, email, now);
        apply_row(&mut student, row, entry);
        transaction.insert(student).await?;
        return Ok(Effect::Created);
    };
    let mut student = old.record.clone();
    apply_row(&mut student, row, entry);
    if student == old.record {
        return Ok(if is_renumbered {
            Effect::Updated
        } else {
            Effect::Unchanged
        });
    }
    student.updated_at = now;
    transaction.update(&old, student).await?;
    Ok(Effect::Updated)
}

/// A filled cell sets a fact, and an emptied cell removes what the roster set before. Students with an account own
/// their name, skills and summary.
fn apply_row(student: &mut Student, row: &Row, entry: Entry) {
    let Entry { name, profile, .. } = entry;
    if entry.student_id.is_some() {
        student.number = NumberFrom::Office;
    }
    let mut roster = student.roster.clone();
    let mut vouch = |fact: Fact, column: &str, filled: bool| -> bool {
        let was = roster.contains(&fact);
        if !row.has(column) || !(filled || was) {
            return false;
        }
        roster.retain(|other| *other != fact);
        if filled {
            roster.push(fact);
        }
        true
    };
    if vouch(
        Fact::GraduationDate,
        "graduationDate",
        profile.graduation_date.is_some(),
    ) {
        student.graduation_date = profile.graduation_date;
    }
    if vouch(
        Fact::EnrolledCredits,
        "enrolledCredits",
        profile.enrolled_credits.is_some(),
    ) {
        student.enrolled_credits = profile.enrolled_credits;
    }
    if vouch(Fact::Gpa, "gpa", profile.gpa.is_some()) {
        student.gpa = profile.gpa;
    }
    if vouch(Fact::Visa, "visa", profile.visa.is_some()) {
        student.visa = profile.visa;
    }
    if vouch(
        Fact::WorkStudyRemaining,
        "workStudyRemaining",
        profile.work_study_remaining.is_some(),
    ) {
        student.work_study_remaining = profile.work_study_remaining;
    }
    // A fixed order, so that the same roster always gives the same record.
    roster.sort_by_key(|fact| *fact as u8);
    student.roster = roster;
    if student.account_id.is_none() {
        student.name = name;
        if row.has("skills") {
            student.skills = profile.skills;
        }
        if row.has("summary") {
            student.summary = profile.summary;
        }
    }
}
