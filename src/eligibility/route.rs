//! Asks the notification modules in use what to do with a mail. The strictest answer wins. A failing module holds
//! nothing back: nobody misses a mail because a rule is broken.

use std::sync::Arc;

use super::checker::{About, Checker, Purpose, named};
use crate::model::{Delivery, Reason, RuleId, RuleInUse, RuleKind, RuleSet, Timestamp};
use crate::rules::{self, Fault, Module};
use crate::store::{Reader, StoreError};

/// An event, and the people who might get mail about it.
#[derive(Clone, Debug)]
pub struct Notice {
    pub now: Timestamp,
    pub event: rules::Event,
    pub recipients: Vec<rules::Recipient>,
    pub purpose: Purpose,
}

/// What happens to the mail to one recipient, and the reason if it is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    pub delivery: Delivery,
    pub reasons: Vec<Reason>,
}

/// One answer per recipient.
#[derive(Debug)]
pub struct Routes {
    pub all: Vec<Routed>,
    /// Modules that failed for all recipients. They hold nothing back.
    pub failed: Vec<(RuleId, Fault)>,
}

impl Checker {
    /// One delivery per recipient, from all active notification modules of a set. `reader` has the modules' bytes.
    pub async fn route(
        &self,
        reader: &Reader,
        set: &RuleSet,
        notice: &Arc<Notice>,
    ) -> Result<Routes, StoreError> {
        let now = Routed {
            delivery: Delivery::Now,
            reasons: Vec::new(),
        };
        let mut routed = vec![now; notice.recipients.len()];
        let mut failed = Vec::new();
        for rule in set.active(RuleKind::Notification) {
            let asked = notice.clone();
            let route = move |module: &Module, context: &rules::Context| {
                module.route(context, &asked.event, &asked.recipients)
            };
            let about = About {
                now: notice.now,
                language: None,
                purpose: notice.purpose,
            };
            let is_verdict = notice.purpose == Purpose::Verdict;
            match self.ask(reader, rule, about, route).await? {
                Ok(answers) => {
                    if is_verdict {
                        self.answered(rule, notice.now);
                    }
                    for (routed, answer) in routed.iter_mut().zip(answers) {
                        routed.add(rule, answer);
                    }
                }
                Err(fault) => {
                    if is_verdict {
                        self.failed(rule, &fault, notice.now, true);
                    }
                    for routed in &mut routed {
                        let reason = reason(rule, fault.code(), fault.to_string());
                        routed.reasons.push(reason);
                    }
                    failed.push((rule.rule_id, fault));
                }
            }
        }
        Ok(Routes {
            all: routed,
            failed,
        })
    }
}

impl Routed {
    fn add(&mut self, rule: &RuleInUse, answer: rules::Delivery) {
        let delivery = match answer {
            rules::Delivery::Now => Delivery::Now,
            rules::Delivery::Digest => Delivery::Digest,
            rules::Delivery::Suppress(why) => {
                self.reasons.push(reason(rule, "suppressed", why));
                Delivery::Suppress
            }
        };
        self.delivery = self.delivery.max(delivery);
    }
}

fn reason(rule: &RuleInUse, code: &str, message: String) -> Reason {
    Reason {
        code: code.into(),
        message,
        remedy: None,
        rule: named(rule),
    }
}

#[cfg(test)]
mod tests {
    use super::rules::Delivery::{Digest, Now, Suppress};
    use super::*;

    #[test]
    fn the_strictest_delivery_wins_in_any_order() {
        let rule = |name: &str| RuleInUse {
            rule_id: RuleId::from_bytes([1; 16]),
            name: name.into(),
            kind: RuleKind::Notification,
            version: "1".into(),
            digest: String::new(),
            parameters: serde_json::Map::new(),
        };
        let (a, b) = (rule("a"), rule("b"));
        let together = |answers: [(&RuleInUse, rules::Delivery); 2]| {
            let mut routed = Routed {
                delivery: Delivery::Now,
                reasons: Vec::new(),
            };
            for (rule, answer) in answers {
                routed.add(rule, answer);
            }
            routed
        };
        assert_eq!(together([(&a, Now), (&b, Now)]).delivery, Delivery::Now);
        assert_eq!(
            together([(&a, Digest), (&b, Now)]).delivery,
            Delivery::Digest
        );
        for answers in [
            [(&a, Suppress("muted".into())), (&b, Digest)],
            [(&b, Digest), (&a, Suppress("muted".into()))],
        ] {
            let routed = together(answers);
            assert_eq!(routed.delivery, Delivery::Suppress);
            assert_eq!(routed.reasons, [reason(&a, "suppressed", "muted".into())]);
        }
    }
}
