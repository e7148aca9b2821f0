//! What several modules of a kind say together. All must agree before a student is eligible; the quietest wins for mail.

use serde::{Deserialize, Serialize};

use super::{Delivery, Fault, Outcome, Reason, Verdict};

/// An answer and the module it came from, as `name@version`.
#[derive(Clone, Debug)]
pub struct Named<T> {
    pub module: String,
    pub answer: T,
}

/// A reason and the module that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    pub module: String,
    #[serde(flatten)]
    pub reason: Reason,
}

/// The verdict of all active modules. With none, everybody is eligible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub outcome: Outcome,
    /// Of the strictest verdicts first.
    pub reasons: Vec<Cited>,
    /// Every module that was asked.
    pub modules: Vec<String>,
}

/// Ineligible beats review beats eligible.
pub fn combine_verdicts(verdicts: Vec<Named<Verdict>>) -> Judgement {
    let mut outcome = Outcome::Eligible;
    let mut modules = Vec::with_capacity(verdicts.len());
    let mut cited: Vec<(Outcome, Cited)> = Vec::new();
    for Named { module, answer } in verdicts {
        outcome = outcome.max(answer.outcome);
        cited.extend(answer.reasons.into_iter().map(|reason| {
            let module = module.clone();
            (answer.outcome, Cited { module, reason })
        }));
        modules.push(module);
    }
    cited.sort_by_key(|(strictness, _)| std::cmp::Reverse(*strictness));
    Judgement {
        outcome,
        reasons: cited.into_iter().map(|(_, cited)| cited).collect(),
        modules,
    }
}

/// Suppressed beats digest beats now; the first module that suppresses is named with its reason. With none: now.
pub fn combine_deliveries(deliveries: Vec<Named<Delivery>>) -> Delivery {
    let mut all = Delivery::Now;
    for Named { module, answer } in deliveries {
        match answer {
            Delivery::Now => {}
            Delivery::Digest => all = Delivery::Digest,
            Delivery::Suppress(why) => return Delivery::Suppress(format!("{module}: {why}")),
        }
    }
    all
}

impl Verdict {
    /// The verdict of a module that failed: a person has to look. The student learns that, and not what broke.
    pub fn unjudged(fault: &Fault, language: &str) -> Self {
        let spanish = language.starts_with("es");
        let message = if spanish {
            "Las reglas de este empleo no se pudieron comprobar ahora; la oficina de empleo estudiantil lo revisará."
        } else {
            "The rules for this job could not be checked just now; the student employment office will look at it."
        };
        Self {
            outcome: Outcome::Review,
            reasons: vec![Reason {
                code: fault.code().into(),
                message: message.into(),
                remedy: None,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<T>(module: &str, answer: T) -> Named<T> {
        Named {
            module: module.into(),
            answer,
        }
    }

    fn because(outcome: Outcome, code: &str) -> Verdict {
        Verdict {
            outcome,
            reasons: vec![Reason {
                code: code.into(),
                message: code.into(),
                remedy: None,
            }],
        }
    }

    #[test]
    fn all_must_agree_and_the_strictest_speaks_first() {
        let judgement = combine_verdicts(vec![
            named("a@1", because(Outcome::Eligible, "note")),
            named("b@2", because(Outcome::Review, "doubt")),
            named("c@3", because(Outcome::Ineligible, "no")),
        ]);
        assert_eq!(judgement.outcome, Outcome::Ineligible);
        let cited: Vec<_> = judgement
            .reasons
            .iter()
            .map(|one| (one.module.as_str(), one.reason.code.as_str()))
            .collect();
        assert_eq!(cited, [("c@3", "no"), ("b@2", "doubt"), ("a@1", "note")]);
        assert_eq!(judgement.modules, ["a@1", "b@2", "c@3"]);
        assert_eq!(combine_verdicts(vec![]).outcome, Outcome::Eligible);
    }

    #[test]
    fn the_quietest_wins_for_mail() {
        let both = vec![named("a@1", Delivery::Digest), named("b@1", Delivery::Now)];
        assert_eq!(combine_deliveries(both), Delivery::Digest);
        let three = vec![
            named("a@1", Delivery::Digest),
            named("b@1", Delivery::Suppress("muted".into())),
            named("c@1", Delivery::Now),
        ];
        assert_eq!(
            combine_deliveries(three),
            Delivery::Suppress("b@1: muted".into())
        );
        assert_eq!(combine_deliveries(vec![]), Delivery::Now);
    }

    #[test]
    fn a_failed_module_tells_the_student_nothing_of_its_inside() {
        let verdict = Verdict::unjudged(&Fault::Trapped("secret".into()), "es-MX");
        assert_eq!(verdict.outcome, Outcome::Review);
        assert_eq!(verdict.reasons[0].code, "rule-trapped");
        assert!(verdict.reasons[0].message.starts_with("Las reglas"));
        assert!(!verdict.reasons[0].message.contains("secret"));
    }
}
