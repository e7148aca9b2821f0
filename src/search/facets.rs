//! Counts of values among the matches. Each facet is counted under all filters except its own, so one search may need
//! several counts. They are cached until the index changes or a deadline that affects them passes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::filters::Filters;
use super::rows::{NO_NAME, Name, Rows};
use super::schema::SETTINGS;
use crate::model::Timestamp;

const MAX_SKILLS: usize = 30;
const MAX_WORK_SPACES: usize = 100;
/// Most counts to cache. When full, all are dropped.
const MAX_CACHED: usize = 512;

pub const FACETS: usize = 6;

/// Lower ends of the pay bands, in campus currency per hour.
const PAY_EDGES: [i64; 6] = [0, 12, 15, 18, 22, 30];
/// Lower ends of the bands of weekly hours. The end itself is not included.
const HOUR_EDGES: [u8; 5] = [0, 5, 10, 15, 20];
const WORK_STUDY: [&str; 2] = ["false", "true"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FacetCount {
    pub value: String,
    pub count: usize,
}

/// Most frequent first, then by value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facets {
    pub skills: Vec<FacetCount>,
    pub work_space: Vec<FacetCount>,
    pub setting: Vec<FacetCount>,
    /// Lowest first, such as "15-20": at least 15 and less than 20 per hour; or "30+".
    pub pay: Vec<FacetCount>,
    /// Fewest first, such as "5-10": more than 5 and at most 10 per week; or "20+".
    pub hours: Vec<FacetCount>,
    /// "true" and "false".
    pub work_study: Vec<FacetCount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facet {
    Skills,
    WorkSpace,
    Setting,
    Pay,
    Hours,
    WorkStudy,
}

impl Facet {
    pub const ALL: [Self; FACETS] = [
        Self::Skills,
        Self::WorkSpace,
        Self::Setting,
        Self::Pay,
        Self::Hours,
        Self::WorkStudy,
    ];
}

/// The matches that a facet is counted over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    pub filters: Filters,
    /// The query, and whether one of its words is enough.
    pub text: Option<(Arc<str>, bool)>,
}

impl Counted {
    pub fn without(&self, facet: Facet) -> Self {
        Self {
            filters: self.filters.without(facet),
            text: self.text.clone(),
        }
    }
}

/// The period in which the same jobs are open: from the last passed deadline to the next one.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    pub from: i64,
    pub until: i64,
}

impl Default for Validity {
    fn default() -> Self {
        Self::ALWAYS
    }
}

impl Validity {
    pub const ALWAYS: Self = Self {
        from: i64::MIN,
        until: i64::MAX,
    };

    /// The time in both periods.
    pub fn and(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }

    pub fn covers(self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now.as_millis())
    }
}

/// The facets counted in one scan.
pub struct FacetTally {
    skills: Option<Vec<u32>>,
    work_spaces: Option<Vec<u32>>,
    settings: Option<[u32; SETTINGS.len()]>,
    pay: Option<[u32; PAY_EDGES.len()]>,
    hours: Option<[u32; HOUR_EDGES.len()]>,
    work_study: Option<[u32; WORK_STUDY.len()]>,
}

impl FacetTally {
    pub fn new(facets: &[Facet], skills: usize, work_spaces: usize) -> Self {
        let wanted = |facet| facets.contains(&facet);
        Self {
            skills: wanted(Facet::Skills).then(|| vec![0; skills]),
            work_spaces: wanted(Facet::WorkSpace).then(|| vec![0; work_spaces]),
            settings: wanted(Facet::Setting).then_some([0; SETTINGS.len()]),
            pay: wanted(Facet::Pay).then_some([0; PAY_EDGES.len()]),
            hours: wanted(Facet::Hours).then_some([0; HOUR_EDGES.len()]),
            work_study: wanted(Facet::WorkStudy).then_some([0; WORK_STUDY.len()]),
        }
    }

    /// Counts a row for one facet only, which must be one of those being counted.
    pub fn add_for(&mut self, facet: Facet, rows: &Rows, document: usize) {
        let flags = rows.flags[document];
        let count = match facet {
            Facet::Setting => (self.settings.as_mut())
                .and_then(|counts| counts.get_mut(usize::from(flags.setting()))),
            Facet::Pay => {
                (self.pay.as_mut()).map(|counts| &mut counts[pay_band(rows.pay[document])])
            }
            Facet::Hours => {
                (self.hours.as_mut()).map(|counts| &mut counts[hours_band(rows.hours[document])])
            }
            Facet::WorkStudy => (self.work_study.as_mut())
                .map(|counts| &mut counts[usize::from(flags.work_study())]),
            // No row fails the filters of these facets here.
            Facet::Skills | Facet::WorkSpace => None,
        };
        if let Some(count) = count {
            *count += 1;
        }
    }

    #[inline]
    pub fn add(&mut self, rows: &Rows, document: usize) {
        if let Some(counts) = &mut self.skills {
            for skill in rows.skills(document) {
                counts[*skill as usize] += 1;
            }
        }
        if let Some(counts) = &mut self.work_spaces {
            let name = rows.work_spaces[document];
            if name != NO_NAME {
                counts[name as usize] += 1;
            }
        }
        if let Some(counts) = &mut self.settings
            && let Some(count) = counts.get_mut(usize::from(rows.flags[document].setting()))
        {
            *count += 1;
        }
        if let Some(counts) = &mut self.pay {
            counts[pay_band(rows.pay[document])] += 1;
        }
        if let Some(counts) = &mut self.hours {
            counts[hours_band(rows.hours[document])] += 1;
        }
        if let Some(counts) = &mut self.work_study {
            counts[usize::from(rows.flags[document].work_study())] += 1;
        }
    }

    pub fn into_names(self) -> (Vec<u32>, Vec<u32>) {
        (
            self.skills.unwrap_or_default(),
            self.work_spaces.unwrap_or_default(),
        )
    }

    /// The counts of one facet, most frequent first.
    pub fn listed(&self, facet: Facet, skills: &[Name], work_spaces: &[Name]) -> Vec<FacetCount> {
        match facet {
            Facet::Skills => {
                most_frequent(self.skills.as_deref(), MAX_SKILLS, |at| &skills[at].text)
            }
            Facet::WorkSpace => most_frequent(self.work_spaces.as_deref(), MAX_WORK_SPACES, |at| {
                &work_spaces[at].text
            }),
            Facet::Setting => {
                let counts = self.settings.as_ref().map(|counts| counts.as_slice());
                most_frequent(counts, SETTINGS.len(), |at| SETTINGS[at])
            }
            Facet::Pay => bands(
                self.pay.as_ref().map(|counts| counts.as_slice()),
                &PAY_EDGES,
            ),
            Facet::Hours => bands(
                self.hours.as_ref().map(|counts| counts.as_slice()),
                &HOUR_EDGES,
            ),
            Facet::WorkStudy => {
                let counts = self.work_study.as_ref().map(|counts| counts.as_slice());
                most_frequent(counts, WORK_STUDY.len(), |at| WORK_STUDY[at])
            }
        }
    }
}

/// The band of a pay rate.
#[inline]
fn pay_band(cents: i64) -> usize {
    PAY_EDGES[1..]
        .iter()
        .filter(|edge| cents >= **edge * 100)
        .count()
}

/// The band of a number of hours.
#[inline]
fn hours_band(hours: f64) -> usize {
    HOUR_EDGES[1..]
        .iter()
        .filter(|edge| hours > f64::from(**edge))
        .count()
}

/// In their own order, without empty ones.
fn bands<T: std::fmt::Display>(counts: Option<&[u32]>, edges: &[T]) -> Vec<FacetCount> {
    let counts = counts.unwrap_or_default().iter().enumerate();
    let counted = counts.filter(|(_, count)| **count > 0);
    let band = |(at, count): (usize, &u32)| FacetCount {
        value: match edges.get(at + 1) {
            Some(next) => format!("{}-{next}", edges[at]),
            None => format!("{}+", edges[at]),
        },
        count: *count as usize,
    };
    counted.map(band).collect()
}

fn most_frequent<'a>(
    counts: Option<&[u32]>,
    most: usize,
    name: impl Fn(usize) -> &'a str,
) -> Vec<FacetCount> {
    let counts = counts.unwrap_or_default();
    let mut found: Vec<(u32, usize)> = counts.iter().copied().zip(0..).collect();
    found.retain(|(count, _)| *count > 0);
    if found.len() > most {
        // Compares names only among the values that can be listed.
        let (_, (least, _), _) = found.select_nth_unstable_by(most - 1, |a, b| b.0.cmp(&a.0));
        let least = *least;
        found.retain(|(count, _)| *count >= least);
    }
    let mut listed: Vec<_> = found
        .into_iter()
        .map(|(count, at)| (count, name(at)))
        .collect();
    listed.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    listed.truncate(most);
    let listed = listed.into_iter().map(|(count, value)| FacetCount {
        value: value.to_owned(),
        count: count as usize,
    });
    listed.collect()
}

/// The counts in one generation of the index.
#[derive(Default)]
pub struct FacetCache(Mutex<Cached>);

#[derive(Default)]
struct Cached {
    parts: HashMap<(Facet, Counted), Part>,
    wholes: HashMap<Counted, Whole>,
}

/// The facets of a search, and its total number of matches.
#[derive(Clone)]
pub struct Whole {
    pub validity: Validity,
    pub total: usize,
    pub facets: Arc<Facets>,
}

impl FacetCache {
    pub fn whole(&self, counted: &Counted, now: Timestamp) -> Option<Whole> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = cached.wholes.get(counted)?;
        whole.validity.covers(now).then(|| whole.clone())
    }

    pub fn part(&self, facet: Facet, counted: &Counted, now: Timestamp) -> Option<Part> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (validity, counts) = cached.parts.get(&(facet, counted.clone()))?;
        validity.covers(now).then(|| (*validity, counts.clone()))
    }

    pub fn keep_part(&self, facet: Facet, counted: Counted, part: Part) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.make_room();
        cached.parts.insert((facet, counted), part);
    }

    /// Combines the facets in the order of `Facet::ALL`. The total is valid for as long as they are: each is counted
    /// over the search's own matches and more.
    pub fn keep_whole(&self, counted: Counted, total: usize, parts: [Part; FACETS]) -> Whole {
        let whole = Whole::of(total, parts);
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.make_room();
        cached.wholes.insert(counted, whole.clone());
        whole
    }
}

impl Whole {
    pub fn of(total: usize, parts: [Part; FACETS]) -> Self {
        let spans = parts.iter().map(|(validity, _)| *validity);
        Self {
            validity: spans.fold(Validity::ALWAYS, Validity::and),
            total,
            facets: Arc::new(Facets::from(parts)),
        }
    }
}

/// Counts, and the period in which they are valid.
pub type Part = (Validity, Arc<Vec<FacetCount>>);

impl From<[Part; FACETS]> for Facets {
    fn from(parts: [Part; FACETS]) -> Self {
        let [skills, work_space, setting, pay, hours, work_study] =
            parts.map(|(_, counts)| (*counts).clone());
        Self {
            skills,
            work_space,
            setting,
            pay,
            hours,
            work_study,
        }
    }
}

impl Cached {
    fn make_room(&mut self) {
        if self.parts.len() + self.wholes.len() >= MAX_CACHED {
            *self = Self::default();
        }
    }
}
