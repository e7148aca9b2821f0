//! The fields of the index, and how a job becomes a document. Stores only the ID's two halves and what filters, orders
//! and counts need.

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};

use super::mentions::mentions;
use super::text::WORK_STUDY;
use super::tokens::{PLAIN, STEMMED, WHOLE};
use super::whole;
use super::words::WordReader;
use crate::model::{Job, JobSetting, JobStatus, Vocabulary, fold_name};

/// Part of every commit. An index of another version is rebuilt. Increase it whenever fields or tokenizers change.
pub const VERSION: u32 = 5;

// Column names, as rows.rs reads them.
pub const ID_HIGH: &str = "id_high";
pub const ID_LOW: &str = "id_low";
pub const POSTED_AT: &str = "posted_at";
pub const DEADLINE: &str = "deadline";
pub const PAY: &str = "pay";
pub const HOURS: &str = "hours";
pub const FLAGS: &str = "flags";
pub const TITLE: &str = "title";
pub const SKILL: &str = "skill";
pub const WORK_SPACE: &str = "work_space";

#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The ID's 16 bytes, for deleting.
    pub id: Field,
    id_high: Field,
    id_low: Field,
    posted_at: Field,
    deadline: Field,
    pay: Field,
    hours: Field,
    flags: Field,
    /// All words of the posting, stemmed. They decide whether it matches.
    pub text: Field,
    /// Parts with more weight, stemmed. They decide the order.
    pub title: Field,
    pub skill_text: Field,
    pub place: Field,
    /// Unstemmed, for prefixes, typos and completions.
    pub title_words: Field,
    /// The title as one term, see whole.rs.
    pub whole_title: Field,
    pub other_words: Field,
    /// The description's words, unstemmed, for when the other fields have no similar word.
    pub body_words: Field,
    pub location: Field,
    /// Whole values for exact filters. Skills by label.
    pub skill: Field,
    /// Skills that the title or description mentions.
    pub named_skill: Field,
    pub work_space: Field,
    pub employee_id: Field,
}

pub fn build() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = |tokenizer, record, norms| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(record)
                .set_fieldnorms(norms),
        )
    };
    let stemmed = || words(STEMMED, IndexRecordOption::WithFreqsAndPositions, true);
    let plain = || words(PLAIN, IndexRecordOption::Basic, false);
    let whole = || words(WHOLE, IndexRecordOption::Basic, false);
    let fields = Fields {
        id: schema.add_bytes_field("id", INDEXED),
        id_high: schema.add_u64_field(ID_HIGH, FAST),
        id_low: schema.add_u64_field(ID_LOW, FAST),
        posted_at: schema.add_i64_field(POSTED_AT, FAST),
        deadline: schema.add_i64_field(DEADLINE, FAST),
        pay: schema.add_i64_field(PAY, FAST),
        hours: schema.add_f64_field(HOURS, FAST),
        flags: schema.add_u64_field(FLAGS, FAST),
        text: schema.add_text_field("text", stemmed()),
        title: schema.add_text_field(TITLE, stemmed().set_fast("raw")),
        skill_text: schema.add_text_field("skill_text", stemmed()),
        place: schema.add_text_field("place", words(STEMMED, IndexRecordOption::WithFreqs, true)),
        title_words: schema.add_text_field("title_words", plain()),
        whole_title: schema
            .add_text_field("whole_title", words("raw", IndexRecordOption::Basic, false)),
        other_words: schema.add_text_field("other_words", plain()),
        body_words: schema.add_text_field("body_words", plain()),
        location: schema.add_text_field("location", plain()),
        named_skill: schema.add_text_field("named_skill", whole()),
        skill: schema.add_text_field(SKILL, whole().set_fast("raw")),
        work_space: schema.add_text_field(WORK_SPACE, whole().set_fast("raw")),
        employee_id: schema
            .add_text_field("employee_id", words("raw", IndexRecordOption::Basic, false)),
    };
    (schema.build(), fields)
}

impl Fields {
    pub fn document(&self, job: &Job, vocabulary: &Vocabulary) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let (high, low) = job.job_id.parts();
        document.add_bytes(self.id, job.job_id.as_bytes());
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        document.add_i64(self.posted_at, job.posted_at().as_millis());
        document.add_i64(self.deadline, job.deadline.as_millis());
        document.add_i64(self.pay, job.job_pay_rate.cents());
        document.add_f64(self.hours, job.hours_per_week);
        let flags = Flags::of(job.job_status(), job.setting, job.work_study_required);
        document.add_u64(self.flags, u64::from(flags.0));

        document.add_text(self.text, &job.job_title);
        document.add_text(self.title, &job.job_title);
        document.add_text(self.title_words, &job.job_title);
        let words = WordReader::new().words(&job.job_title);
        document.add_text(self.whole_title, whole::same_title(words.iter()));
        document.add_text(self.whole_title, whole::beginning(words.iter()));
        for skill in &job.skills_required {
            let label = vocabulary.canonical(skill);
            document.add_text(self.skill, label);
            for field in [self.text, self.skill_text, self.other_words] {
                document.add_text(field, label);
                if fold_name(label) != fold_name(skill) {
                    document.add_text(field, skill);
                }
            }
        }
        if job.work_study_required {
            // These words find it whether or not the posting contains them.
            for field in [self.text, self.skill_text] {
                document.add_text(field, WORK_STUDY[0]);
            }
        }
        let mut named = mentions(&job.job_title, vocabulary);
        named.extend(mentions(&job.job_description, vocabulary));
        for label in named {
            document.add_text(self.named_skill, label);
        }
        let places = [Some(&job.employer_name), job.work_space.as_ref()];
        for place in places.into_iter().flatten() {
            for field in [self.text, self.place, self.other_words] {
                document.add_text(field, place);
            }
        }
        if let Some(work_space) = &job.work_space {
            document.add_text(self.work_space, work_space);
        }
        if let Some(location) = &job.location {
            for field in [self.text, self.location, self.other_words] {
                document.add_text(field, location);
            }
        }
        if job.setting == JobSetting::Remote {
            for field in [self.text, self.other_words] {
                document.add_text(field, REMOTE_WORDS);
            }
        }
        document.add_text(self.text, &job.job_description);
        document.add_text(self.body_words, &job.job_description);
        document.add_text(self.employee_id, job.employee_id.as_str());
        document
    }
}

/// Status, setting and work-study in one byte, so that one look-up checks all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// All values are below this.
    pub const COUNT: usize = 64;

    pub fn of(status: JobStatus, setting: JobSetting, work_study: bool) -> Self {
        Self(status_code(status) | setting_code(setting) << 3 | u8::from(work_study) << 5)
    }

    pub fn status(self) -> u8 {
        self.0 & 7
    }

    pub fn setting(self) -> u8 {
        self.0 >> 3 & 3
    }

    pub fn work_study(self) -> bool {
        self.0 >> 5 & 1 == 1
    }
}

/// Stored in the index, so a code must never change its meaning.
pub fn status_code(status: JobStatus) -> u8 {
    match status {
        JobStatus::Draft => 0,
        JobStatus::Pending => 1,
        JobStatus::Open => 2,
        JobStatus::Filled => 3,
        JobStatus::Closed => 4,
        JobStatus::Expired => 5,
    }
}

/// Stored in the index, so a code must never change its meaning.
pub fn setting_code(setting: JobSetting) -> u8 {
    match setting {
        JobSetting::OnCampus => 0,
        JobSetting::OffCampus => 1,
        JobSetting::Remote => 2,
    }
}

/// What people type to find jobs done at home. Few postings contain it.
const REMOTE_WORDS: &str = "remote";

/// The API's names, by `setting_code`.
pub const SETTINGS: [&str; 3] = ["onCampus", "offCampus", "remote"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_names_match_the_model() {
        for setting in [
            JobSetting::OnCampus,
            JobSetting::OffCampus,
            JobSetting::Remote,
        ] {
            let name = serde_json::to_value(setting).unwrap();
            assert_eq!(SETTINGS[usize::from(setting_code(setting))], name);
        }
    }

    #[test]
    fn flags_round_trip() {
        let flags = Flags::of(JobStatus::Expired, JobSetting::Remote, true);
        assert!(usize::from(flags.0) < Flags::COUNT);
        assert_eq!(flags.status(), status_code(JobStatus::Expired));
        assert_eq!(flags.setting(), setting_code(JobSetting::Remote));
        assert!(flags.work_study());
    }
}
