//! Bodies that are read member by member: postings, profiles, registrations, merge patches. Tests compare the members
//! with the types that are read, and the limits (see ../README.md) with what the server accepts.

use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::model::{NOTHING_ELSE, of_format, one_of, or_null, plain, push, text};
use crate::model::{CampusId, Employer, JobSetting, Preferences, Setting};

type Members = Vec<(&'static str, RefOr<Schema>)>;

fn named<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn number(least: f64, most: f64) -> ObjectBuilder {
    plain(Type::Number).minimum(Some(least)).maximum(Some(most))
}

fn date() -> ObjectBuilder {
    of_format(KnownFormat::Date)
}

fn skills() -> Array {
    ArrayBuilder::new()
        .items(text(1, 80))
        .max_items(Some(50))
        .build()
}

/// The members of a posting.
fn job_members() -> Members {
    let question_id = text(1, 64).description(Some("Without one, the question gets a UUIDv7."));
    let question = ObjectBuilder::new()
        .property("questionId", or_null(question_id))
        .property("prompt", text(1, 1_000))
        .required("prompt")
        .property("required", plain(Type::Boolean))
        .additional_properties(NOTHING_ELSE);
    let questions = ArrayBuilder::new().items(question).max_items(Some(20));
    let hours = plain(Type::Number)
        .exclusive_minimum(Some(0.0))
        .maximum(Some(60.0));
    let deadline = AnyOfBuilder::new()
        .item(of_format(KnownFormat::DateTime))
        .item(date())
        .description(Some(
            "A date means the end of that day in the campus's time zone.",
        ));
    vec![
        ("jobTitle", text(1, 200).into()),
        ("jobDescription", text(1, 20_000).into()),
        ("jobPayRate", number(0.0, 1_000.0).into()),
        ("skillsRequired", skills().into()),
        ("workSpace", text(0, 200).into()),
        ("location", text(0, 200).into()),
        ("setting", one_of::<JobSetting>().into()),
        ("hoursPerWeek", hours.into()),
        (
            "positions",
            plain(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(1_000))
                .into(),
        ),
        ("workStudyRequired", plain(Type::Boolean).into()),
        ("startDate", date().into()),
        ("endDate", date().into()),
        ("deadline", deadline.into()),
        ("questions", questions.into()),
    ]
}

fn student_members() -> Members {
    vec![
        ("graduationDate", or_null(date()).into()),
        ("skills", skills().into()),
        ("summary", or_null(text(0, 5_000)).into()),
        ("enrolledCredits", or_null(number(0.0, 60.0)).into()),
        ("gpa", or_null(number(0.0, 10.0)).into()),
        ("visa", or_null(text(0, 20)).into()),
        ("workStudyRemaining", or_null(number(0.0, 1e9)).into()),
        ("preferences", named::<Preferences>()),
    ]
}

fn employer_members() -> Members {
    vec![
        ("designation", or_null(text(0, 200)).into()),
        ("workSpace", or_null(text(0, 200)).into()),
        ("setting", or_null(one_of::<Setting>()).into()),
    ]
}

fn password() -> ObjectBuilder {
    text(8, 256)
}

fn person() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("email", of_format(KnownFormat::Email))
        .required("email")
        .property("password", password())
        .required("password")
        .property("name", text(1, 200))
        .required("name")
        .additional_properties(NOTHING_ELSE)
}

fn with(members: Members, object: ObjectBuilder) -> ObjectBuilder {
    members.into_iter().fold(object, |object, (name, schema)| {
        object.property(name, schema)
    })
}

/// In a merge patch, each member may be absent, or null to clear the value.
fn patch_of(members: Members, object: ObjectBuilder) -> ObjectBuilder {
    members
        .into_iter()
        .fold(object, |object, (name, schema)| {
            object.property(name, or_null(schema))
        })
        .additional_properties(NOTHING_ELSE)
}

/// POST /auth/register
pub struct RegistrationBody;
impl PartialSchema for RegistrationBody {
    fn schema() -> RefOr<Schema> {
        let role = |name| plain(Type::String).enum_values(Some([name]));
        let id = || or_null(named::<CampusId<Employer>>());
        let student = with(student_members(), person())
            .property("studentId", id())
            .property("role", role("student"))
            .required("role");
        let employer = with(employer_members(), person())
            .property("employeeId", id())
            .property("role", role("employer"))
            .required("role");
        OneOfBuilder::new().item(student).item(employer).into()
    }
}
impl ToSchema for RegistrationBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<Preferences>(schemas);
        push::<CampusId<Employer>>(schemas);
    }
}

/// A profile may be sent back whole, with its number unchanged.
fn read_only_id() -> RefOr<Schema> {
    AllOfBuilder::new()
        .item(named::<CampusId<Employer>>())
        .description(Some("The caller's own. It cannot be changed."))
        .into()
}

/// PATCH /me: the members of the account and of either profile in one object.
pub struct MePatchBody;
impl PartialSchema for MePatchBody {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new()
            .property("name", text(1, 200))
            .property("email", of_format(KnownFormat::Email))
            .property("password", password())
            .property("currentPassword", plain(Type::String))
            .property("studentId", read_only_id())
            .property("employeeId", read_only_id());
        let members = [student_members(), employer_members()].concat();
        patch_of(members, object).into()
    }
}
impl ToSchema for MePatchBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<CampusId<Employer>>(schemas);
        push::<Preferences>(schemas);
    }
}

/// POST /jobs
pub struct JobBody;
impl PartialSchema for JobBody {
    fn schema() -> RefOr<Schema> {
        const REQUIRED: [&str; 5] = [
            "jobTitle",
            "jobDescription",
            "jobPayRate",
            "hoursPerWeek",
            "deadline",
        ];
        let status = plain(Type::String).enum_values(Some(["draft", "open"]));
        let object = ObjectBuilder::new()
            .property("jobStatus", or_null(status))
            .property("employeeId", or_null(named::<CampusId<Employer>>()))
            .additional_properties(NOTHING_ELSE);
        let object = job_members()
            .into_iter()
            .fold(object, |object, (name, schema)| {
                if REQUIRED.contains(&name) {
                    object.property(name, schema).required(name)
                } else {
                    object.property(name, or_null(schema))
                }
            });
        object.into()
    }
}
impl ToSchema for JobBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<CampusId<Employer>>(schemas);
    }
}

/// PATCH /jobs/{jobId}
pub struct JobPatchBody;
impl PartialSchema for JobPatchBody {
    fn schema() -> RefOr<Schema> {
        let status = plain(Type::String).enum_values(Some(["open", "closed"]));
        let object = ObjectBuilder::new()
            .property("jobStatus", status)
            .property("reason", or_null(text(0, 2_000)));
        patch_of(job_members(), object).into()
    }
}
impl ToSchema for JobPatchBody {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::names_of;
    use crate::model::{EmployerPatch, EmployerProfile, JobInput, StudentPatch, StudentProfile};

    fn members(schema: RefOr<Schema>) -> BTreeSet<String> {
        let schema = serde_json::to_value(schema).unwrap();
        let members = schema["properties"].as_object().unwrap();
        members.keys().cloned().collect()
    }

    fn fields<T: serde::de::DeserializeOwned>(more: &[&str]) -> BTreeSet<String> {
        names_of::<T>()
            .into_iter()
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_described_members_match_the_types() {
        assert_eq!(
            members(JobBody::schema()),
            fields::<JobInput>(&["jobStatus", "employeeId"])
        );
        assert_eq!(
            members(JobPatchBody::schema()),
            fields::<JobInput>(&["jobStatus", "reason"])
        );
        let own = |members: Members| -> BTreeSet<String> {
            members
                .into_iter()
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        let mut student = own(student_members());
        student.insert("studentId".into());
        assert_eq!(student, fields::<StudentProfile>(&[]));
        assert_eq!(student, fields::<StudentPatch>(&[]));
        let mut employer = own(employer_members());
        employer.insert("employeeId".into());
        assert_eq!(employer, fields::<EmployerProfile>(&[]));
        assert_eq!(employer, fields::<EmployerPatch>(&[]));
    }
}
