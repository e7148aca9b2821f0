//! Similar postings, and recommendations for a student by profile skills and past applications, each with a reason.
//! Computed here from stored data only.

use super::{Audience, Refusal, audience_of, see};
use crate::model::{
    Application, Identity, Job, JobId, Party, Student, StudentId, Timestamp, Vocabulary,
};
use crate::search::{Interests, SearchIndex};
use crate::store::{Direction, KeyRange, Reader, StoreError, Stored, keys};

/// Only the newest applications count; older ones say little about current interests.
const APPLICATIONS: usize = 50;
/// Most skills to name in a reason. The rest is only counted.
const NAMED_SKILLS: usize = 3;
/// Extra hits to request, since some may have closed since.
const SPARE: usize = 10;

/// Open postings similar to one that the reader may see.
pub async fn similar(
    reader: &Reader,
    index: &SearchIndex,
    identity: Option<&Identity>,
    id: JobId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(Stored<Job>, Audience)>, Refusal> {
    let (job, _) = see(reader, identity, id).await?;
    let interests = Interests {
        skills: Vec::new(),
        liked: vec![job.record],
    };
    let found = index.similar(&interests, &[id], now, limit + SPARE)?;
    let mut jobs = Vec::with_capacity(limit);
    for id in found {
        jobs.extend(open_job(reader, id, now).await?.and_then(|job| {
            let view = audience_of(&job, identity)?;
            Some((job, view))
        }));
    }
    jobs.truncate(limit);
    Ok(jobs)
}

/// A recommended posting and the reason, as a sentence.
pub struct Recommended {
    pub job: Stored<Job>,
    pub why: String,
}

/// Open postings that a student has not applied to, best match for skills and interests first. A posting without a true
/// reason is not recommended.
pub async fn recommended(
    reader: &Reader,
    index: &SearchIndex,
    vocabulary: &Vocabulary,
    identity: &Identity,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Recommended>, Refusal> {
    let Party::Student(own) = &identity.party else {
        return Err(Refusal::NotFound);
    };
    let student: Option<Stored<Student>> = reader.get(&keys::student(own)).await?;
    let student = student.ok_or(Refusal::NotFound)?;
    let applied = applied_for(reader, own).await?;
    let mut liked = Vec::new();
    for id in &applied {
        let job: Option<Stored<Job>> = reader.get(&keys::job(*id)).await?;
        liked.extend(job.map(|job| job.record));
    }
    let interests = Interests {
        skills: student.skills.clone(),
        liked,
    };
    let found = index.similar(&interests, &applied, now, limit + SPARE)?;
    let mut jobs = Vec::with_capacity(limit);
    for id in found {
        jobs.extend(open_job(reader, id, now).await?.and_then(|job| {
            let why = why(&job, &interests, vocabulary)?;
            Some(Recommended { job, why })
        }));
    }
    jobs.truncate(limit);
    Ok(jobs)
}

/// The postings of a student's newest applications.
async fn applied_for(reader: &Reader, student: &StudentId) -> Result<Vec<JobId>, StoreError> {
    let range = KeyRange::prefix(&keys::applications_by_student(student));
    let mut jobs = Vec::new();
    for key in reader
        .scan_keys(&range, Direction::Backward, APPLICATIONS)
        .await?
    {
        let application: Option<Stored<Application>> = reader.get(&keys::indexed(&key)?).await?;
        jobs.extend(application.map(|application| application.job_id));
    }
    Ok(jobs)
}

/// The search index may be behind, so the stored record decides.
async fn open_job(
    reader: &Reader,
    id: JobId,
    now: Timestamp,
) -> Result<Option<Stored<Job>>, StoreError> {
    let job: Option<Stored<Job>> = reader.get(&keys::job(id)).await?;
    Ok(job.filter(|job| job.takes_applications(now)))
}

fn why(job: &Job, interests: &Interests, vocabulary: &Vocabulary) -> Option<String> {
    let shared = shared_skills(job, &interests.skills, vocabulary);
    if !shared.is_empty() {
        return Some(asks_for(&shared));
    }
    let nearness = |liked: &&Job| {
        let skills = shared_skills(job, &liked.skills_required, vocabulary).len();
        skills + shared_words(&job.job_title, &liked.job_title)
    };
    let nearest = interests.liked.iter().max_by_key(nearness)?;
    let skills = shared_skills(job, &nearest.skills_required, vocabulary);
    let title = &nearest.job_title;
    if shared_words(&job.job_title, title) > 0 {
        Some(format!("Is like {title}, which you applied for."))
    } else if skills.is_empty() {
        None
    } else {
        let skills = listed(&skills);
        Some(format!(
            "Asks for {skills}, as {title} does, which you applied for."
        ))
    }
}

/// The posting's skills that are among these, in the posting's spelling.
fn shared_skills<'a>(job: &'a Job, own: &[String], vocabulary: &Vocabulary) -> Vec<&'a str> {
    let label = |skill: &str| vocabulary.canonical(skill).to_lowercase();
    let own: Vec<String> = own.iter().map(|skill| label(skill)).collect();
    let asked = job.skills_required.iter().map(String::as_str);
    asked.filter(|skill| own.contains(&label(skill))).collect()
}

/// The number of longer words that two titles share.
fn shared_words(one: &str, other: &str) -> usize {
    let words = |title: &str| -> Vec<String> {
        let words = title.split(|c: char| !c.is_alphanumeric());
        let telling = words.filter(|word| word.chars().count() > 3);
        telling.map(str::to_lowercase).collect()
    };
    let other = words(other);
    words(one)
        .iter()
        .filter(|word| other.contains(word))
        .count()
}

fn asks_for(skills: &[&str]) -> String {
    let ending = match skills.len() {
        1 => "which is in your profile",
        2 => "both in your profile",
        _ => "all in your profile",
    };
    format!("Asks for {}, {ending}.", listed(skills))
}

/// "A", "A and B", "A, B and C", "A, B, C and 2 more".
fn listed(skills: &[&str]) -> String {
    let more = skills.len().saturating_sub(NAMED_SKILLS);
    let named = &skills[..skills.len() - more];
    match (named, more) {
        ([all @ .., last], 0) if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        (named, 0) => named.join(", "),
        (named, more) => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        for (skills, sentence) in [
            (&["Excel"][..], "Asks for Excel, which is in your profile."),
            (
                &["Excel", "Spanish"],
                "Asks for Excel and Spanish, both in your profile.",
            ),
            (
                &["A", "B", "C"],
                "Asks for A, B and C, all in your profile.",
            ),
            (
                &["A", "B", "C", "D", "E"],
                "Asks for A, B, C and 2 more, all in your profile.",
            ),
        ] {
            assert_eq!(asks_for(skills), sentence);
        }
    }
}
