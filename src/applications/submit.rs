//! Applying for a job.

use std::collections::HashSet;

use super::Refusal;
use crate::eligibility::Checker;
use crate::model::{
    Answer, Application, ApplicationId, FieldFault, FileId, Invalid, Job, JobId, Line, Outcome,
    Question, StoredFile, Student, StudentId, check_text,
};
use crate::store::{Key, Stored, Transaction, keys};

pub struct Submission {
    pub job_id: JobId,
    pub cover_note: Option<String>,
    pub answers: Vec<Answer>,
    pub resume_id: Option<FileId>,
    /// A campus language that the request asks for. The language in the student's profile has priority.
    pub language: Option<String>,
}

const MAX_NOTE_CHARS: usize = 10_000;
const MAX_ANSWER_CHARS: usize = 5_000;

/// Submits an application that the campus rules allow: eligible, or held for a review.
pub async fn submit(
    checker: &Checker,
    transaction: &mut Transaction,
    student_id: &StudentId,
    submission: &Submission,
) -> Result<Stored<Application>, Refusal> {
    let now = transaction.now();
    let id = ApplicationId::generate(now);
    let needed: [&Key; 5] = [
        &keys::job(submission.job_id),
        &keys::standing_application(submission.job_id, student_id),
        &keys::student(student_id),
        &keys::rule_set(),
        &keys::application(id),
    ];
    transaction.fetch(&needed).await?;
    let stored: Option<Stored<Job>> = transaction.get(&keys::job(submission.job_id)).await?;
    let job = stored
        .filter(|job| job.is_public())
        .ok_or(Refusal::JobNotFound)?;
    if transaction
        .is_taken(&keys::standing_application(job.job_id, student_id))
        .await?
    {
        return Err(Refusal::AlreadyApplied);
    }
    if !job.takes_applications(now) {
        return Err(Refusal::JobNotOpen);
    }
    let mut invalid = Invalid::default();
    let note = submission.cover_note.as_deref().unwrap_or_default();
    let cover_note = check_text(note, Line::Many, 0, MAX_NOTE_CHARS);
    let cover_note = invalid
        .field("coverNote", cover_note)
        .filter(|note| !note.is_empty());
    let answers = check_answers(&job.questions, &submission.answers, &mut invalid);
    if let Some(resume_id) = submission.resume_id {
        let resume: Option<Stored<StoredFile>> = transaction.get(&keys::file(resume_id)).await?;
        if !resume.is_some_and(|resume| resume.is_listed_for(student_id)) {
            invalid.add("resumeId", FieldFault::NotYourFile);
        }
        transaction.guard(&keys::shown_file(resume_id)).await?;
    }
    invalid.into_result()?;
    let student: Option<Stored<Student>> = transaction.get(&keys::student(student_id)).await?;
    let student = student.ok_or(Refusal::NotFound)?;
    let language = checker.language_of(&student, submission.language.as_deref());
    // On a machine that is too busy to ask, it waits for review: nobody applies in vain.
    let asked = super::ask_rules(checker, transaction, &student, &job, language).await?;
    let eligibility = asked.verdict;
    if eligibility.outcome == Outcome::Ineligible {
        return Err(Refusal::Ineligible(eligibility.reasons));
    }
    let mut application = Application::submitted(id, &job, student_id.clone(), eligibility, now);
    application.cover_note = cover_note;
    application.answers = answers;
    application.resume_id = submission.resume_id;
    application.language.clone_from(&submission.language);
    let application = transaction.insert(application).await?;
    transaction.add(keys::application_count(job.job_id), 1);
    Ok(application)
}

/// Each question at most once, required ones answered, no answer without a question.
fn check_answers(questions: &[Question], given: &[Answer], invalid: &mut Invalid) -> Vec<Answer> {
    let mut seen = HashSet::new();
    let mut answers = Vec::with_capacity(given.len().min(questions.len()));
    for (position, answer) in given.iter().enumerate() {
        let field = format!("answers[{position}]");
        if !questions
            .iter()
            .any(|question| question.question_id == answer.question_id)
        {
            invalid.add(format!("{field}.questionId"), FieldFault::UnknownQuestion);
            break;
        }
        if !seen.insert(&answer.question_id) {
            invalid.add(format!("{field}.questionId"), FieldFault::Repeated);
            break;
        }
        let text = check_text(&answer.answer, Line::Many, 0, MAX_ANSWER_CHARS);
        if let Some(text) = invalid.field(&format!("{field}.answer"), text) {
            answers.push(Answer {
                question_id: answer.question_id.clone(),
                answer: text,
            });
        }
    }
    for question in questions.iter().filter(|question| question.required) {
        let answered = answers
            .iter()
            .any(|answer| answer.question_id == question.question_id && !answer.answer.is_empty());
        if !answered {
            invalid.add(
                "answers",
                FieldFault::Unanswered {
                    question_id: question.question_id.clone(),
                    prompt: question.prompt.clone(),
                },
            );
        }
    }
    answers
}
