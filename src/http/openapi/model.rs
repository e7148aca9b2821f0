//! Schemas of the model's types, which do not know the HTTP layer.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, Array, Object, ObjectBuilder, Schema, Type,
};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::http::problem::Code;
use crate::model::{
    AccountStatus, Answer, ApplicationStatus, CampusId, Declined, Email, Fact, FieldError,
    FieldFault, Id, JobSetting, JobStatus, MailKind, MailState, Money, Move, Outcome, Preferences,
    Question, Reason, Role, RuleAnswer, RuleKind, RuleState, Setting, Timestamp, names_of,
};
use crate::office::Rejection;
use crate::search::{FacetCount, Facets, Suggestion};

/// Allows no members except the listed ones.
pub const NOTHING_ELSE: Option<AdditionalProperties<Schema>> =
    Some(AdditionalProperties::FreeForm(false));

/// Text of limited length, in characters.
pub fn text(least: usize, most: usize) -> ObjectBuilder {
    plain(Type::String)
        .min_length((least > 0).then_some(least))
        .max_length(Some(most))
}

pub fn plain(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

pub fn of_format(format: KnownFormat) -> ObjectBuilder {
    plain(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
}

/// The names that serde accepts for an enum.
pub fn one_of<T: DeserializeOwned>() -> Object {
    plain(Type::String)
        .enum_values(Some(names_of::<T>()))
        .build()
}

/// The schema, or null.
pub fn or_null(schema: impl Into<RefOr<Schema>>) -> Schema {
    AnyOfBuilder::new()
        .item(plain(Type::Null))
        .item(schema)
        .build()
        .into()
}

fn reference<T: ToSchema>() -> RefOr<Schema> {
    utoipa::openapi::Ref::from_schema_name(T::name()).into()
}

impl<T> PartialSchema for Id<T> {
    fn schema() -> RefOr<Schema> {
        of_format(KnownFormat::Uuid).into()
    }
}
impl<T> ToSchema for Id<T> {
    fn name() -> Cow<'static, str> {
        "Id".into()
    }
}

impl<T> PartialSchema for CampusId<T> {
    fn schema() -> RefOr<Schema> {
        text(1, 64)
            .description(Some("The campus's own number, or a generated one."))
            .into()
    }
}
impl<T> ToSchema for CampusId<T> {
    fn name() -> Cow<'static, str> {
        "CampusId".into()
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        of_format(KnownFormat::DateTime).into()
    }
}
impl ToSchema for Timestamp {}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        plain(Type::Number)
            .description(Some("In the campus's currency, with at most two decimals."))
            .into()
    }
}
impl ToSchema for Money {}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        of_format(KnownFormat::Email).max_length(Some(254)).into()
    }
}
impl ToSchema for Email {}

impl PartialSchema for Role {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for Role {}

impl PartialSchema for AccountStatus {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for AccountStatus {}

impl PartialSchema for JobStatus {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for JobStatus {}

impl PartialSchema for JobSetting {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for JobSetting {}

impl PartialSchema for Setting {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for Setting {}

impl PartialSchema for ApplicationStatus {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for ApplicationStatus {}

impl PartialSchema for Outcome {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for Outcome {}

impl PartialSchema for RuleAnswer {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for RuleAnswer {}

impl PartialSchema for RuleKind {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for RuleKind {}

impl PartialSchema for RuleState {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for RuleState {}

impl PartialSchema for Fact {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for Fact {}

impl PartialSchema for MailKind {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for MailKind {}

impl PartialSchema for MailState {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for MailState {}

impl PartialSchema for Question {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("questionId", text(1, 64))
            .property("prompt", text(1, 1_000))
            .property("required", plain(Type::Boolean))
            .into()
    }
}
impl ToSchema for Question {}

impl PartialSchema for Declined {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("at", reference::<Timestamp>())
            .required("at")
            .property("reason", or_null(plain(Type::String)))
            .required("reason")
            .into()
    }
}
impl ToSchema for Declined {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<Timestamp>(schemas);
    }
}

impl PartialSchema for Answer {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("questionId", plain(Type::String))
            .required("questionId")
            .property("answer", text(0, 5_000))
            .required("answer")
            .additional_properties(NOTHING_ELSE)
            .into()
    }
}
impl ToSchema for Answer {}

impl PartialSchema for Reason {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("code", plain(Type::String))
            .property("message", plain(Type::String))
            .property("remedy", or_null(plain(Type::String)))
            .property("rule", plain(Type::String))
            .into()
    }
}
impl ToSchema for Reason {}

impl PartialSchema for Move {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("at", reference::<Timestamp>())
            .property("by", reference::<Role>())
            .property("from", or_null(reference::<ApplicationStatus>()))
            .property("to", reference::<ApplicationStatus>())
            .property("note", or_null(plain(Type::String)))
            .into()
    }
}
impl ToSchema for Move {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<Timestamp>(schemas);
        push::<Role>(schemas);
        push::<ApplicationStatus>(schemas);
    }
}

/// Adds a type's schema and those it refers to.
pub fn push<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

impl PartialSchema for Preferences {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("language", or_null(text(0, 20)))
            .additional_properties(NOTHING_ELSE)
            .into()
    }
}
impl ToSchema for Preferences {}

impl PartialSchema for FieldError {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("field", plain(Type::String))
            .property("code", reference::<FieldFault>())
            .property("message", plain(Type::String))
            .property("params", plain(Type::Object))
            .into()
    }
}
impl ToSchema for FieldError {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<FieldFault>(schemas);
    }
}

/// Only the code: `message` and `params` are described next to it.
impl PartialSchema for FieldFault {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for FieldFault {
    fn name() -> Cow<'static, str> {
        "FieldCode".into()
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        one_of::<Self>().into()
    }
}
impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl PartialSchema for Rejection {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("line", plain(Type::Integer))
            .property("field", or_null(plain(Type::String)))
            .property("code", reference::<FieldFault>())
            .property("message", plain(Type::String))
            .property("params", plain(Type::Object))
            .property("more", Array::new(reference::<FieldError>()))
            .into()
    }
}
impl ToSchema for Rejection {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<FieldError>(schemas);
        push::<FieldFault>(schemas);
    }
}

impl PartialSchema for FacetCount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .property("value", plain(Type::String))
            .property("count", plain(Type::Integer))
            .into()
    }
}
impl ToSchema for FacetCount {}

impl PartialSchema for Facets {
    fn schema() -> RefOr<Schema> {
        let counts = || Array::new(reference::<FacetCount>());
        ObjectBuilder::new()
            .property("skills", counts())
            .property("workSpace", counts())
            .property("setting", counts())
            .property("pay", counts())
            .property("hours", counts())
            .property("workStudy", counts())
            .into()
    }
}
impl ToSchema for Facets {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        push::<FacetCount>(schemas);
    }
}

impl PartialSchema for Suggestion {
    fn schema() -> RefOr<Schema> {
        let kind = plain(Type::String).enum_values(Some(["title", "skill", "workSpace"]));
        ObjectBuilder::new()
            .property("text", plain(Type::String))
            .property("kind", kind)
            .into()
    }
}
impl ToSchema for Suggestion {}
