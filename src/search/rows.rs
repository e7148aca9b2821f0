//! The values of each document that filters, orders and counts need. They are read once per segment from its fast
//! fields and cached: a segment never changes, so its rows outlive many commits. About 80 bytes per job. Never contains
//! a job's text.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};
use tantivy::index::SegmentId;

use super::SearchError;
use super::schema::{self, Flags};
use super::tokens::{self, fold_case};

/// Means none in `work_spaces`.
pub const NO_NAME: u32 = u32::MAX;

/// The columns of one segment, by document number.
pub struct Rows {
    pub ids: Vec<(u64, u64)>,
    pub posted_at: Vec<i64>,
    pub deadline: Vec<i64>,
    pub pay: Vec<i64>,
    pub hours: Vec<f64>,
    pub flags: Vec<Flags>,
    pub work_spaces: Vec<u32>,
    skill_starts: Vec<u32>,
    skills: Vec<u32>,
    skill_spellings: Vec<(u32, u32)>,
    work_space_spellings: Vec<(u32, u32)>,
}

impl Rows {
    pub fn count(&self) -> usize {
        self.flags.len()
    }

    pub fn skills(&self, document: usize) -> &[u32] {
        &self.skills[self.skill_starts[document] as usize..self.skill_starts[document + 1] as usize]
    }

    fn read(reader: &SegmentReader, names: &mut AllNames) -> Result<Self, SearchError> {
        let columns = reader.fast_fields();
        let count = reader.max_doc();
        let high = read_column(&columns.u64(schema::ID_HIGH)?, count)?;
        let low = read_column(&columns.u64(schema::ID_LOW)?, count)?;
        let flags = read_column(&columns.u64(schema::FLAGS)?, count)?;
        let skills = columns.str(schema::SKILL)?;
        let (skill_starts, skills, skill_spellings) = read_names(skills, count, &mut names.skills)?;
        let work_spaces = columns.str(schema::WORK_SPACE)?;
        let (starts, values, work_space_spellings) =
            read_names(work_spaces, count, &mut names.work_spaces)?;
        let work_space = |pair: &[u32]| match values[pair[0] as usize..pair[1] as usize] {
            [] => NO_NAME,
            [first, ..] => first,
        };
        Ok(Self {
            ids: high.into_iter().zip(low).collect(),
            posted_at: read_column(&columns.i64(schema::POSTED_AT)?, count)?,
            deadline: read_column(&columns.i64(schema::DEADLINE)?, count)?,
            pay: read_column(&columns.i64(schema::PAY)?, count)?,
            hours: read_column(&columns.f64(schema::HOURS)?, count)?,
            flags: flags
                .into_iter()
                .map(|flags| u8::try_from(flags).ok().map(Flags))
                .map(|flags| flags.filter(|flags| usize::from(flags.0) < Flags::COUNT))
                .collect::<Option<_>>()
                .ok_or_else(|| damaged("a column has an invalid value"))?,
            work_spaces: starts.windows(2).map(work_space).collect(),
            skill_starts,
            skills,
            skill_spellings,
            work_space_spellings,
        })
    }
}

fn damaged(what: &str) -> SearchError {
    tantivy::TantivyError::InternalError(format!("damaged: {what}")).into()
}

fn read_column<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static>(
    column: &Column<T>,
    count: u32,
) -> Result<Vec<T>, SearchError> {
    if column.num_docs() != count {
        return Err(damaged("a column of another length"));
    }
    (0..count)
        .map(|document| column.first(document))
        .collect::<Option<_>>()
        .ok_or_else(|| damaged("a column with a gap"))
}

type Spellings = Vec<(u32, u32)>;

/// Where each document's values start, the values, and how often each spelling occurs.
fn read_names(
    column: Option<StrColumn>,
    count: u32,
    names: &mut Names,
) -> Result<(Vec<u32>, Vec<u32>, Spellings), SearchError> {
    let mut starts = vec![0; count as usize + 1];
    let Some(column) = column else {
        return Ok((starts, Vec::new(), Vec::new()));
    };
    let mut of_ordinal = Vec::with_capacity(column.num_terms());
    let mut terms = column.dictionary().stream()?;
    while terms.advance() {
        let spelling =
            std::str::from_utf8(terms.key()).map_err(|_| damaged("a name in no UTF-8"))?;
        of_ordinal.push(names.intern(spelling));
    }
    let mut counts = vec![0; of_ordinal.len()];
    let mut values: Vec<u32> = Vec::new();
    for document in 0..count {
        let start = values.len();
        for ordinal in column.term_ords(document) {
            let ordinal = usize::try_from(ordinal).unwrap_or(usize::MAX);
            let (_, name) = of_ordinal
                .get(ordinal)
                .ok_or_else(|| damaged("an ordinal without a term"))?;
            counts[ordinal] += 1;
            if !values[start..].contains(name) {
                values.push(*name);
            }
        }
        starts[document as usize + 1] = u32::try_from(values.len())
            .map_err(|_| damaged("more values than a segment can hold"))?;
    }
    let spellings = of_ordinal.iter().map(|(spelling, _)| *spelling);
    Ok((starts, values, spellings.zip(counts).collect()))
}

/// Numbers for a facet's values, the same in all segments. Spellings that differ only in case share a number.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    /// By number: its words without accents, each after a space, for completions.
    words: Vec<Arc<str>>,
    spellings: HashMap<Arc<str>, u32>,
    /// By spelling: the text and its number.
    spelled: Vec<(Arc<str>, u32)>,
}

impl Names {
    /// The numbers of a spelling and of its name, which are added if new.
    fn intern(&mut self, spelling: &str) -> (u32, u32) {
        if let Some(known) = self.spellings.get(spelling) {
            return (*known, self.spelled[*known as usize].1);
        }
        let next = |count| u32::try_from(count).expect("far fewer names than documents' numbers");
        let number = *self.numbers.entry(fold_case(spelling)).or_insert_with(|| {
            self.words.push(words_of(spelling).into());
            next(self.words.len() - 1)
        });
        let text: Arc<str> = spelling.into();
        let spelling = next(self.spelled.len());
        self.spelled.push((text.clone(), number));
        self.spellings.insert(text, spelling);
        (spelling, number)
    }

    /// Each name in its most frequent spelling.
    fn shown<'a>(&self, segments: impl Iterator<Item = &'a Spellings>) -> Vec<Name> {
        let mut counts = vec![0u32; self.spelled.len()];
        for (spelling, count) in segments.flatten() {
            counts[*spelling as usize] += count;
        }
        let mut best = vec![None; self.words.len()];
        for ((text, number), count) in self.spelled.iter().zip(counts) {
            let best = &mut best[*number as usize];
            if best.is_none_or(|(most, _)| count > most) {
                *best = Some((count, text));
            }
        }
        let name = |(best, words): (Option<(u32, &Arc<str>)>, &Arc<str>)| Name {
            text: best.map_or_else(|| words.clone(), |(_, text)| text.clone()),
            words: words.clone(),
        };
        best.into_iter().zip(&self.words).map(name).collect()
    }
}

/// The words of a text without accents, in lower case, each after a space.
pub fn words_of(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 1);
    tokens::plain().token_stream(text).process(&mut |token| {
        words.push(' ');
        words.push_str(&token.text);
    });
    words
}

#[derive(Clone)]
pub struct Name {
    pub text: Arc<str>,
    pub words: Arc<str>,
}

#[derive(Default)]
struct AllNames {
    skills: Names,
    work_spaces: Names,
}

/// Caches rows by segment. Belongs to the writer; readers get complete rows.
#[derive(Default)]
pub struct RowCache {
    names: AllNames,
    rows: HashMap<SegmentId, Arc<Rows>>,
}

pub struct Loaded {
    pub segments: Vec<Arc<Rows>>,
    pub skills: Vec<Name>,
    pub work_spaces: Vec<Name>,
}

/// Names that no segment uses are kept until there are this many and they are more than three quarters of all.
const MAX_IDLE_NAMES: usize = 10_000;

impl RowCache {
    pub fn load(&mut self, readers: &[SegmentReader]) -> Result<Loaded, SearchError> {
        let segments = self.read(readers)?;
        let used: usize = segments
            .iter()
            .map(|rows| rows.skill_spellings.len() + rows.work_space_spellings.len())
            .sum();
        let known = self.names.skills.spelled.len() + self.names.work_spaces.spelled.len();
        if known > used * 4 + MAX_IDLE_NAMES {
            *self = Self::default();
            return self.load(readers);
        }
        let spellings = segments.iter().map(|rows| &rows.skill_spellings);
        let skills = self.names.skills.shown(spellings);
        let spellings = segments.iter().map(|rows| &rows.work_space_spellings);
        let work_spaces = self.names.work_spaces.shown(spellings);
        Ok(Loaded {
            skills,
            work_spaces,
            segments,
        })
    }

    fn read(&mut self, readers: &[SegmentReader]) -> Result<Vec<Arc<Rows>>, SearchError> {
        let mut kept = HashMap::with_capacity(readers.len());
        let mut segments = Vec::with_capacity(readers.len());
        for reader in readers {
            let rows = match self.rows.remove(&reader.segment_id()) {
                Some(rows) => rows,
                None => Arc::new(Rows::read(reader, &mut self.names)?),
            };
            kept.insert(reader.segment_id(), rows.clone());
            segments.push(rows);
        }
        self.rows = kept;
        Ok(segments)
    }
}
