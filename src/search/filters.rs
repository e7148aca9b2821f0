//! The filters of a search in normalized form: the key of the facet cache, and the test for each row.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::JobQuery;
use super::facets::Facet;
use super::rows::Rows;
use super::schema::{Flags, setting_code, status_code};
use super::syntax::Limit;
use super::tokens::fold_case;
use crate::model::{JobId, JobStatus, Timestamp, Vocabulary};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filters {
    /// Folded, sorted, without repeats.
    pub skills: Vec<String>,
    /// By `setting_code`. All false: any.
    settings: [bool; 3],
    pub location: Option<String>,
    /// Folded.
    pub work_space: Option<String>,
    min_pay_cents: Option<i64>,
    max_hours_bits: Option<u64>,
    work_study: Option<bool>,
    pub employee_id: Option<String>,
    status: u8,
    pub only: Option<Only>,
}

/// A set of jobs, compared by address: callers keep the same one while its content is unchanged.
#[derive(Clone, Debug)]
pub struct Only(Arc<HashSet<JobId>>);

impl PartialEq for Only {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Only {}

impl Hash for Only {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// More skills than any job may have cannot match, so they need no look-up.
pub const MAX_SKILLS: usize = 50;

impl Filters {
    pub fn of(query: &JobQuery, vocabulary: &Vocabulary) -> Self {
        let fold = |text: &String| fold_case(text.trim());
        let skill = |text: &String| fold_case(vocabulary.canonical(text.trim()));
        let mut skills: Vec<_> = query.skills.iter().map(skill).collect();
        skills.retain(|skill| !skill.is_empty());
        skills.sort_unstable();
        skills.dedup();
        let mut settings = [false; 3];
        for setting in &query.settings {
            settings[usize::from(setting_code(*setting))] = true;
        }
        let given = |text: &Option<String>| {
            text.as_ref()
                .filter(|text| !text.trim().is_empty())
                .cloned()
        };
        Self {
            skills,
            settings,
            location: given(&query.location),
            work_space: given(&query.work_space).as_ref().map(fold),
            min_pay_cents: query.min_pay.map(|pay| pay.cents()),
            max_hours_bits: query.max_hours.map(f64::to_bits),
            work_study: query.work_study,
            employee_id: query.employee_id.as_ref().map(|id| id.as_str().to_owned()),
            status: status_code(query.status),
            only: query.only.clone().map(Only),
        }
    }

    /// Without one facet's own filter, for counting its values.
    pub fn without(&self, facet: Facet) -> Self {
        let mut filters = self.clone();
        match facet {
            Facet::Skills => filters.skills.clear(),
            Facet::WorkSpace => filters.work_space = None,
            Facet::Setting => filters.settings = [false; 3],
            Facet::Pay => filters.min_pay_cents = None,
            Facet::Hours => filters.max_hours_bits = None,
            Facet::WorkStudy => filters.work_study = None,
        }
        filters
    }

    /// Whether a facet's values are counted in the search's own scan, with its filter checked row by row.
    pub fn leaves(&self, facet: Facet) -> bool {
        match facet {
            Facet::Skills => self.skills.is_empty(),
            Facet::WorkSpace => self.work_space.is_none(),
            Facet::Setting | Facet::Pay | Facet::Hours | Facet::WorkStudy => true,
        }
    }

    /// Combined with the limits in the query.
    pub fn conditions(&self, limits: &[Limit], now: Timestamp) -> Conditions {
        let any_setting = !self.settings.contains(&true);
        let fit = |flags: Flags| {
            let setting = self.settings.get(usize::from(flags.setting()));
            let setting = any_setting || setting.is_some_and(|wanted| *wanted);
            let work_study = self
                .work_study
                .is_none_or(|wanted| wanted == flags.work_study());
            let fit = Fit::unless(setting, Facet::Setting);
            fit.and(Fit::unless(work_study, Facet::WorkStudy))
        };
        let mut by_flags = [Fit::NOT; Flags::COUNT];
        for (code, by_flags) in (0..).zip(&mut by_flags) {
            if Flags(code).status() == self.status {
                *by_flags = fit(Flags(code));
            }
        }
        let mut pay_cents = (i64::MIN, i64::MAX);
        let mut hours = (f64::NEG_INFINITY, f64::INFINITY);
        for limit in limits {
            match limit {
                Limit::PayCents(low, high) => {
                    pay_cents = (pay_cents.0.max(*low), pay_cents.1.min(*high));
                }
                Limit::Hours(low, high) => hours = (hours.0.max(*low), hours.1.min(*high)),
                Limit::Setting(wanted) => {
                    for (code, by_flags) in (0..).zip(&mut by_flags) {
                        if usize::from(Flags(code).setting()) != *wanted {
                            *by_flags = Fit::NOT;
                        }
                    }
                }
            }
        }
        let is_open = self.status == status_code(JobStatus::Open);
        Conditions {
            only: self.only.as_ref().map(|only| only.0.clone()),
            by_flags,
            pay_cents,
            least_pay_cents: self.min_pay_cents.unwrap_or(i64::MIN),
            hours,
            most_hours: self.max_hours_bits.map_or(f64::INFINITY, f64::from_bits),
            passed: if is_open { now.as_millis() } else { i64::MIN },
        }
    }
}

/// Which filters a row fails, among those that some facet is counted without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit(u8);

impl Fit {
    const FULL: Self = Self(0);
    /// Fails a filter that applies to all facets.
    const NOT: Self = Self(u8::MAX);

    fn unless(holds: bool, facet: Facet) -> Self {
        if holds {
            Self::FULL
        } else {
            Self(1 << facet as u8)
        }
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn is_full(self) -> bool {
        self == Self::FULL
    }

    /// The only facet that still counts such a row.
    pub fn only_fails(self) -> Option<Facet> {
        let facet = |facet: &Facet| self.0 == 1 << *facet as u8;
        Facet::ALL.into_iter().find(facet)
    }
}

/// What a row must match.
pub struct Conditions {
    only: Option<Arc<HashSet<JobId>>>,
    by_flags: [Fit; Flags::COUNT],
    /// Both ends included, as for the hours.
    pay_cents: (i64, i64),
    least_pay_cents: i64,
    hours: (f64, f64),
    most_hours: f64,
    /// Deadlines up to this time have passed.
    pub passed: i64,
}

impl Conditions {
    /// Open, with a deadline that has not passed.
    pub fn open_at(now: Timestamp) -> Self {
        Self {
            passed: now.as_millis(),
            ..Self::open()
        }
    }

    /// Open, with any deadline.
    pub fn open() -> Self {
        let mut by_flags = [Fit::NOT; Flags::COUNT];
        for (code, by_flags) in (0..).zip(&mut by_flags) {
            if Flags(code).status() == status_code(JobStatus::Open) {
                *by_flags = Fit::FULL;
            }
        }
        Self {
            only: None,
            by_flags,
            pay_cents: (i64::MIN, i64::MAX),
            least_pay_cents: i64::MIN,
            hours: (f64::NEG_INFINITY, f64::INFINITY),
            most_hours: f64::INFINITY,
            passed: i64::MIN,
        }
    }

    /// Everything except the deadline. `None`: no facet counts the row.
    #[inline]
    pub fn fit(&self, rows: &Rows, document: usize) -> Option<Fit> {
        let (flags, pay, hours) = (
            rows.flags[document],
            rows.pay[document],
            rows.hours[document],
        );
        let fit = self.by_flags[usize::from(flags.0)];
        if fit == Fit::NOT
            || !(self.pay_cents.0..=self.pay_cents.1).contains(&pay)
            || !(self.hours.0..=self.hours.1).contains(&hours)
        {
            return None;
        }
        let is_among = self.only.as_ref().is_none_or(|only| {
            let (high, low) = rows.ids[document];
            only.contains(&JobId::from_parts(high, low))
        });
        let fit = fit
            .and(Fit::unless(pay >= self.least_pay_cents, Facet::Pay))
            .and(Fit::unless(hours <= self.most_hours, Facet::Hours));
        (is_among && fit.0.count_ones() <= 1).then_some(fit)
    }
}
