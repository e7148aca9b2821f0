//! Builds the tantivy query of a search: which documents match, and how well if the order needs it.

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EnableScoring, FuzzyTermQuery, Occur,
    PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::SearchError;
use super::clause::{Clause, Restriction};
use super::correction::{CorrectedClause, CorrectedText};
use super::filters::{Filters, MAX_SKILLS};
use super::scan::Candidates;
use super::text::Text;
use super::tokens;
use super::view::{Statistics, View};
use super::weights;
use super::whole;
use super::words::Word;

type Clauses = Vec<(Occur, Box<dyn Query>)>;

pub struct Plan<'a> {
    pub view: &'a View,
    pub filters: &'a Filters,
    pub text: Option<&'a CorrectedText>,
    /// One matching word is enough.
    pub any_word: bool,
    pub scored: bool,
}

impl Plan<'_> {
    pub fn candidates(&self) -> Result<Candidates, SearchError> {
        let mut clauses = self.filter_clauses();
        if let Some(text) = self.text.filter(|text| !text.clauses.is_empty()) {
            self.add_text(text, &mut clauses);
        }
        if clauses.is_empty() {
            return Ok(Candidates::All);
        }
        let query = BooleanQuery::new(clauses);
        let searcher = &self.view.searcher;
        if self.scored {
            let statistics = Statistics(self.view);
            let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, searcher);
            Ok(Candidates::Scored(query.weight(scoring)?))
        } else {
            let scoring = EnableScoring::disabled_from_searcher(searcher);
            Ok(Candidates::Matching(query.weight(scoring)?))
        }
    }

    fn filter_clauses(&self) -> Clauses {
        let (fields, filters) = (&self.view.fields, self.filters);
        let mut terms = Vec::new();
        for skill in filters.skills.iter().take(MAX_SKILLS + 1) {
            terms.push(Term::from_field_text(fields.skill, skill));
        }
        if let Some(work_space) = &filters.work_space {
            terms.push(Term::from_field_text(fields.work_space, work_space));
        }
        if let Some(employee_id) = &filters.employee_id {
            terms.push(Term::from_field_text(fields.employee_id, employee_id));
        }
        if let Some(location) = &filters.location {
            let before = terms.len();
            tokens::plain()
                .token_stream(location)
                .process(&mut |token| {
                    if terms.len() < before + super::text::MAX_WORDS {
                        terms.push(Term::from_field_text(fields.location, &token.text));
                    }
                });
            if terms.len() == before {
                // Without a word, no location matches: the empty term is never indexed.
                terms.push(Term::from_field_text(fields.location, ""));
            }
        }
        let filter =
            |term| -> Box<dyn Query> { Box::new(TermQuery::new(term, IndexRecordOption::Basic)) };
        let mut clauses: Clauses = terms
            .into_iter()
            .map(|term| (Occur::Must, self.unscored(filter(term))))
            .collect();
        if let Some(text) = self.text {
            self.add_restrictions(&text.text, &mut clauses);
        }
        clauses
    }

    /// A condition does not affect the score.
    fn unscored(&self, query: Box<dyn Query>) -> Box<dyn Query> {
        if self.scored {
            Box::new(ConstScoreQuery::new(query, 0.0))
        } else {
            query
        }
    }

    fn add_restrictions(&self, text: &Text, clauses: &mut Clauses) {
        for (list, occur) in [(&text.within, Occur::Must), (&text.without, Occur::MustNot)] {
            for restriction in list {
                let query = self.unscored(self.restriction(restriction));
                clauses.push((occur, query));
            }
        }
        let is_wordless = self.text.is_none_or(|text| text.clauses.is_empty());
        if !text.without.is_empty() && text.within.is_empty() && is_wordless {
            // Exclusions need something to exclude from.
            clauses.push((Occur::Must, self.unscored(Box::new(AllQuery))));
        }
    }

    fn restriction(&self, restriction: &Restriction) -> Box<dyn Query> {
        let fields = &self.view.fields;
        let all = |field, words: &[Word]| -> Box<dyn Query> {
            let terms = words.iter().map(|word| self.term(field, word)).collect();
            Box::new(BooleanQuery::intersection(terms))
        };
        match restriction {
            Restriction::Words(words) => self.phrase(fields.text, words),
            Restriction::Title(words) => all(fields.title, words),
            Restriction::Skill { term, words } => Box::new(BooleanQuery::union(vec![
                basic(fields.skill, term),
                all(fields.skill_text, words),
            ])),
            Restriction::At(words) => {
                let place = |word: &Word| -> Box<dyn Query> {
                    Box::new(BooleanQuery::union(vec![
                        self.term(fields.place, word),
                        basic(fields.location, &word.plain),
                    ]))
                };
                Box::new(BooleanQuery::intersection(
                    words.iter().map(place).collect(),
                ))
            }
        }
    }

    fn add_text(&self, text: &CorrectedText, clauses: &mut Clauses) {
        let mut weights = Vec::new();
        let mut any = Vec::new();
        let all_optional = text
            .clauses
            .iter()
            .all(|clause| clause.clause.is_optional());
        for clause in &text.clauses {
            if self.any_word {
                if !clause.is_unknown {
                    any.push(self.matching(clause));
                }
            } else if all_optional || !clause.clause.is_optional() {
                clauses.push((Occur::Must, self.matching(clause)));
            }
            self.add_weights(clause, &mut weights);
        }
        if self.any_word {
            // Without a known word, this is an empty union, which matches nothing.
            clauses.push((Occur::Must, Box::new(BooleanQuery::union(any))));
        }
        if !self.is_sentence() {
            self.weigh_whole_title(text, &mut weights);
        }
        if self.scored {
            clauses.push((Occur::Should, Box::new(BooleanQuery::union(weights))));
        }
    }

    /// The documents that match a clause.
    fn matching(&self, clause: &CorrectedClause) -> Box<dyn Query> {
        let fields = &self.view.fields;
        let mut queries: Vec<Box<dyn Query>> = Vec::new();
        let all = |words: &[Word]| -> Box<dyn Query> {
            let terms = words.iter().map(|word| self.term(fields.text, word));
            Box::new(BooleanQuery::intersection(terms.collect()))
        };
        if clause.clause.is_short_name() {
            for field in [fields.title, fields.skill_text, fields.place] {
                let typed = clause.clause.typed();
                queries.extend(typed.iter().map(|word| self.term(field, word)));
            }
        }
        match &clause.clause {
            Clause::Word(_) | Clause::Alias { .. } if clause.clause.is_short_name() => {}
            Clause::Word(word) => queries.push(self.term(fields.text, word)),
            Clause::Phrase(words) => queries.push(self.phrase(fields.text, words)),
            Clause::Alias { typed, .. } => queries.push(all(typed)),
            Clause::Skill { typed, term, .. } => {
                queries.push(all(typed));
                let [exact, named] = if self.is_sentence() {
                    [weights::SENTENCE_SKILL_EXACT, weights::SENTENCE_SKILL_NAMED]
                } else {
                    [weights::SKILL_EXACT, weights::SKILL_NAMED]
                };
                queries.push(self.worth(basic(fields.skill, term), exact));
                queries.push(self.worth(basic(fields.named_skill, term), named));
            }
        }
        if let Clause::Alias { meant, .. } = &clause.clause {
            queries.push(self.phrase(fields.text, meant));
        }
        for compound in &clause.compounds {
            queries.push(self.phrase(fields.text, compound));
        }
        for word in &clause.corrections {
            queries.push(self.term(fields.text, word));
        }
        for word in &clause.related {
            for (field, share) in [
                (fields.title, weights::RELATED_TITLE),
                (fields.skill_text, weights::RELATED_SKILL),
            ] {
                queries.push(Box::new(BoostQuery::new(self.term(field, word), share)));
            }
            if self.is_sentence() {
                let query = self.term(fields.text, word);
                queries.push(Box::new(BoostQuery::new(query, weights::RELATED_TEXT)));
            }
        }
        if let Some(word) = clause.clause.only_word() {
            let word = &word.plain;
            if clause.is_prefix {
                queries.push(self.prefix(fields.title_words, word, weights::TITLE_PREFIX));
                queries.push(self.prefix(fields.other_words, word, weights::OTHER_PREFIX));
            }
            if clause.is_body_prefix {
                queries.push(self.prefix(fields.body_words, word, weights::OTHER_PREFIX));
            }
        }
        match queries.len() {
            1 => queries.swap_remove(0),
            _ => Box::new(BooleanQuery::union(queries)),
        }
    }

    fn is_sentence(&self) -> bool {
        self.text.is_some_and(|text| text.text.is_sentence)
    }

    /// A constant score for every match.
    fn worth(&self, query: Box<dyn Query>, score: f32) -> Box<dyn Query> {
        if self.scored {
            Box::new(ConstScoreQuery::new(query, score))
        } else {
            query
        }
    }

    /// Adds what makes some matches better than others.
    fn add_weights(&self, clause: &CorrectedClause, weights: &mut Vec<Box<dyn Query>>) {
        match &clause.clause {
            Clause::Word(word) => self.weigh_words(std::slice::from_ref(word), weights),
            Clause::Phrase(words) => self.weigh_phrase(words, weights),
            Clause::Alias { typed, meant } => {
                self.weigh_words(typed, weights);
                self.weigh_phrase(meant, weights);
            }
            Clause::Skill { typed, .. } if self.is_sentence() => self.weigh_words(typed, weights),
            Clause::Skill { typed, .. } => {
                let fields = &self.view.fields;
                for (field, weight) in [
                    (fields.title, weights::TITLE_OF_SKILL),
                    (fields.skill_text, weights::SKILL),
                ] {
                    weights.push(Box::new(BoostQuery::new(self.phrase(field, typed), weight)));
                }
                if typed.len() > 1 {
                    let named = self.phrase(fields.title, typed);
                    weights.push(self.worth(named, weights::TITLE_NAMES_SKILL));
                }
            }
        }
        for compound in &clause.compounds {
            self.weigh_phrase(compound, weights);
        }
        self.weigh_words(&clause.corrections, weights);
    }

    fn weigh_whole_title(&self, text: &CorrectedText, weights: &mut Vec<Box<dyn Query>>) {
        let field = self.view.fields.whole_title;
        for words in text.spellings() {
            let same = basic(field, &whole::same_title(words.iter().copied()));
            weights.push(self.worth(same, weights::TITLE_SAME));
            let beginning = whole::beginning(words.iter().copied());
            if !beginning.is_empty() {
                weights.push(self.prefix(field, &beginning, weights::TITLE_BEGINS));
            }
        }
    }

    fn weigh_words(&self, words: &[Word], weights: &mut Vec<Box<dyn Query>>) {
        let fields = &self.view.fields;
        let by_place = if self.is_sentence() {
            [
                (fields.title, weights::SENTENCE_TITLE),
                (fields.skill_text, weights::SENTENCE_SKILL),
                (fields.place, weights::SENTENCE_PLACE),
            ]
        } else {
            [
                (fields.title, weights::TITLE),
                (fields.skill_text, weights::SKILL),
                (fields.place, weights::PLACE),
            ]
        };
        for word in words {
            for (field, weight) in by_place {
                weights.push(Box::new(BoostQuery::new(self.term(field, word), weight)));
            }
        }
    }

    fn weigh_phrase(&self, words: &[Word], weights: &mut Vec<Box<dyn Query>>) {
        let fields = &self.view.fields;
        for (field, weight) in [
            (fields.title, weights::TITLE),
            (fields.skill_text, weights::SKILL),
        ] {
            weights.push(Box::new(BoostQuery::new(self.phrase(field, words), weight)));
        }
    }

    fn term(&self, field: Field, word: &Word) -> Box<dyn Query> {
        let record = if self.scored {
            IndexRecordOption::WithFreqs
        } else {
            IndexRecordOption::Basic
        };
        Box::new(TermQuery::new(
            Term::from_field_text(field, &word.stem),
            record,
        ))
    }

    fn phrase(&self, field: Field, words: &[Word]) -> Box<dyn Query> {
        if let [word] = words {
            return self.term(field, word);
        }
        let term = |word: &Word| Term::from_field_text(field, &word.stem);
        Box::new(PhraseQuery::new(words.iter().map(term).collect()))
    }

    fn prefix(&self, field: Field, prefix: &str, score: f32) -> Box<dyn Query> {
        let term = Term::from_field_text(field, prefix);
        let query = Box::new(FuzzyTermQuery::new_prefix(term, 0, true));
        Box::new(BoostQuery::new(query, score))
    }
}

/// Documents with this whole value, without a score.
fn basic(field: Field, value: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(field, value);
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}
