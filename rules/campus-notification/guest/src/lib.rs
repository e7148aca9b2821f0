//! The module around the rule: the contract's records in, deliveries out.

#![cfg(target_arch = "wasm32")]
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use campus_notification as rule;
use rule::{NAME, SCHEMA, SUMMARY, Setting, Settings, VERSION};

wit_bindgen::generate!({ path: "../../wit/v1", world: "notification" });

use campus::rules::types as wire;
use exports::campus::rules::notification_route::{Delivery, Event, Guest, Recipient};

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

struct Rule;

export!(Rule);

impl Guest for Rule {
    fn describe() -> wire::Description {
        wire::Description {
            name: NAME.to_string(),
            version: VERSION.to_string(),
            summary: SUMMARY.to_string(),
            parameter_schema: SCHEMA.to_string(),
        }
    }

    fn route(
        ctx: wire::Context,
        event: Event,
        recipients: Vec<Recipient>,
    ) -> Result<Vec<Delivery>, String> {
        let settings = Settings::of(ctx.parameters.into_iter().map(setting))?;
        let event = rule::Event {
            skills: event.job.map_or(0, |job| job.skills.len()),
            kind: event.kind,
        };
        let decide = |one| delivery(rule::route(&event, &recipient(one), &settings));
        Ok(recipients.into_iter().map(decide).collect())
    }
}

fn setting(attribute: wire::Attribute) -> (String, Setting) {
    let value = match attribute.value {
        wire::Value::Number(number) => Setting::Number(number),
        wire::Value::Flag(flag) => Setting::Flag(flag),
        wire::Value::Texts(texts) => Setting::Texts(texts),
        wire::Value::Text(_) | wire::Value::Day(_) => Setting::Other,
    };
    (attribute.name, value)
}

fn recipient(one: Recipient) -> rule::Recipient {
    rule::Recipient {
        local_hour: one.local_hour,
        sent_last_day: one.sent_last_day,
        matched: one.matched.len(),
        muted_kinds: one.muted_kinds,
        digest_preferred: one.digest_preferred,
    }
}

fn delivery(delivery: rule::Delivery) -> Delivery {
    match delivery {
        rule::Delivery::Now => Delivery::Now,
        rule::Delivery::Digest => Delivery::Digest,
        rule::Delivery::Suppress(why) => Delivery::Suppress(why),
    }
}
