//! Runs one search: the page, the total and the facets, in one scan if possible.

use std::sync::Arc;

use super::answers::Asked;
use super::correction::CorrectedText;
use super::facets::{Counted, FACETS, Facet, FacetTally, Part, Validity, Whole};
use super::filters::Filters;
use super::plan::Plan;
use super::request::MAX_HITS;
use super::scan::{Match, scan};
use super::syntax::Limit;
use super::text::{self, Text};
use super::top::{Top, ascending, score_key};
use super::view::View;
use super::weights::AgeFactors;
use super::{Found, JobQuery, SearchError, Sort};

/// A parsed search that is ready to run.
struct Search<'a> {
    view: &'a View,
    query: &'a JobQuery,
    counted: Counted,
    text: Option<CorrectedText>,
    sort: Sort,
}

pub fn find(view: &View, query: &JobQuery) -> Result<Found, SearchError> {
    let filters = Filters::of(query, &view.vocabulary);
    let asked = Asked::of(query, &filters);
    let kept = asked
        .as_ref()
        .and_then(|asked| view.answers.get(asked, query.now));
    if let Some(found) = kept {
        return Ok(found);
    }
    let (found, validity) = find_uncached(view, query, filters)?;
    if let Some(asked) = asked {
        view.answers.keep(asked, query.now, validity, found.clone());
    }
    Ok(found)
}

/// Also returns the period in which the same jobs would be found.
fn find_uncached(
    view: &View,
    query: &JobQuery,
    filters: Filters,
) -> Result<(Found, Validity), SearchError> {
    let typed = query.q.as_deref().unwrap_or_default();
    let text = text::parse(typed, &view.vocabulary);
    if text.as_ref().is_some_and(Text::is_void) {
        return Ok((Found::default(), Validity::ALWAYS));
    }
    let sort = match (query.sort, &text) {
        (Sort::Relevance, None) => Sort::Newest,
        // Places and limits alone do not make one match better than another.
        (Sort::Relevance, Some(text)) if text.clauses.is_empty() => Sort::Newest,
        (sort, _) => sort,
    };
    let after = query.after;
    if after.is_some_and(|after| after.sort != sort) {
        return Err(SearchError::BadCursor);
    }
    // A later page uses the same mode as the first.
    let any_word = match after {
        Some(after) => after.any_word,
        None => sort == Sort::Relevance && text.as_ref().is_some_and(|text| text.is_sentence),
    };
    let key = text.as_ref().map(|text| text.key());
    let text = text.map(|text| CorrectedText::of(view, text)).transpose()?;
    let mut search = Search {
        view,
        query,
        counted: Counted {
            filters,
            text: key.map(|key| (key.into(), any_word)),
        },
        text,
        sort,
    };
    let (mut found, mut validity) = search.run()?;
    let has_words = search
        .text
        .as_ref()
        .is_some_and(|text| !text.clauses.is_empty());
    if found.total == 0
        && has_words
        && !any_word
        && after.is_none()
        && let Some((_, any_word)) = &mut search.counted.text
    {
        *any_word = true;
        let (of_any, until) = search.run()?;
        (found, validity) = (of_any, validity.and(until));
    }
    if found.total > 0 {
        found.corrected = search.text.as_ref().and_then(CorrectedText::corrected);
    }
    Ok((found, validity))
}

impl Search<'_> {
    fn run(&self) -> Result<(Found, Validity), SearchError> {
        let (cache, now) = (&self.view.facets, self.query.now);
        if let Some(whole) = cache.whole(&self.counted, now) {
            // A search without hits (for a list that the store orders) uses what is cached.
            let (page, validity) = match self.query.limit {
                0 => (Found::default(), Validity::ALWAYS),
                _ => {
                    let (page, validity, _) = self.scan_page(&[])?;
                    (page, validity)
                }
            };
            let found = Found {
                total: whole.total,
                facets: whole.facets,
                ..page
            };
            return Ok((found, validity.and(whole.validity)));
        }
        let is_personal = self.counted.filters.only.is_some();
        let counted = Facet::ALL.map(|facet| self.counted.without(facet));
        let mut parts: [Option<Part>; FACETS] =
            std::array::from_fn(|at| cache.part(Facet::ALL[at], &counted[at], now));
        let filters = &self.counted.filters;
        let is_here = |at: &usize| parts[*at].is_none() && filters.leaves(Facet::ALL[*at]);
        let here: Vec<usize> = (0..parts.len()).filter(is_here).collect();
        let facets: Vec<Facet> = here.iter().map(|at| Facet::ALL[*at]).collect();
        let (mut found, validity, tally) = self.scan_page(&facets)?;
        for at in here {
            parts[at] = Some(self.part(Facet::ALL[at], validity, &tally));
        }
        let mut parts = parts.into_iter();
        let mut listed: [Part; FACETS] = std::array::from_fn(|_| Part::default());
        for ((facet, counted), listed) in Facet::ALL.into_iter().zip(counted).zip(&mut listed) {
            *listed = match parts.next().flatten() {
                Some(part) => part,
                None => {
                    let (validity, tally) = self.scan_counts(facet, &counted)?;
                    self.part(facet, validity, &tally)
                }
            };
            // A set of jobs belongs to one person and changes soon. Cached counts would keep it in memory.
            if !is_personal {
                cache.keep_part(facet, counted, listed.clone());
            }
        }
        let whole = if is_personal {
            Whole::of(found.total, listed)
        } else {
            cache.keep_whole(self.counted.clone(), found.total, listed)
        };
        found.facets = whole.facets;
        Ok((found, validity.and(whole.validity)))
    }

    fn limits(&self) -> &[Limit] {
        self.text.as_ref().map_or(&[], |text| &text.text.limits)
    }

    fn plan<'a>(&'a self, counted: &'a Counted, scored: bool) -> Plan<'a> {
        Plan {
            view: self.view,
            filters: &counted.filters,
            text: self.text.as_ref(),
            any_word: counted.text.as_ref().is_some_and(|(_, any_word)| *any_word),
            scored,
        }
    }

    fn scan_page(&self, facets: &[Facet]) -> Result<(Found, Validity, FacetTally), SearchError> {
        let (view, sort) = (self.view, self.sort);
        let any_word = self
            .counted
            .text
            .as_ref()
            .is_some_and(|(_, any_word)| *any_word);
        let limit = self.query.limit.min(MAX_HITS);
        let mut top = Top::new(sort, any_word, limit, self.query.after);
        let mut tally = FacetTally::new(facets, view.skills.len(), view.work_spaces.len());
        let mut total = 0;
        let counts = !facets.is_empty();
        let candidates = self
            .plan(&self.counted, sort == Sort::Relevance)
            .candidates()?;
        let conditions = self
            .counted
            .filters
            .conditions(self.limits(), self.query.now);
        let age_factors = AgeFactors::at(self.query.now.as_millis());
        let validity = scan(view, &candidates, &conditions, |hit: Match<'_>| {
            let (rows, at) = (hit.rows, hit.document);
            if !hit.fit.is_full() {
                if let Some(facet) = hit.fit.only_fails() {
                    tally.add_for(facet, rows, at);
                }
                return;
            }
            total += 1;
            let key = match sort {
                Sort::Relevance => {
                    score_key(hit.score * age_factors.factor(rows.posted_at[at], rows.deadline[at]))
                }
                Sort::Newest => ascending(rows.posted_at[at]),
                Sort::Pay => ascending(rows.pay[at]),
                Sort::Deadline => !ascending(rows.deadline[at]),
            };
            top.offer(key, rows.ids[at]);
            if counts {
                tally.add(rows, at);
            }
        })?;
        let mut found = top.finish();
        found.total = total;
        Ok((found, validity, tally))
    }

    fn scan_counts(
        &self,
        facet: Facet,
        counted: &Counted,
    ) -> Result<(Validity, FacetTally), SearchError> {
        let view = self.view;
        let mut tally = FacetTally::new(&[facet], view.skills.len(), view.work_spaces.len());
        let candidates = self.plan(counted, false).candidates()?;
        let conditions = counted.filters.conditions(self.limits(), self.query.now);
        let validity = scan(view, &candidates, &conditions, |hit| {
            if hit.fit.is_full() {
                tally.add(hit.rows, hit.document);
            }
        })?;
        Ok((validity, tally))
    }

    fn part(&self, facet: Facet, validity: Validity, tally: &FacetTally) -> Part {
        let counts = tally.listed(facet, &self.view.skills, &self.view.work_spaces);
        (validity, Arc::new(counts))
    }
}
