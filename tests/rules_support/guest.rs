//! Modules written by hand in WebAssembly text, by the canonical ABI of the contract, so that they can break it
//! anywhere.
//!
//! The memory of such a module: texts from 0, the description at 128, the answer at 256, one verdict at 384, its
//! reasons at 512.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub struct Guest {
    check: String,
    describe: String,
    allocate: String,
    extra: String,
    contract: String,
    version: String,
    pages: u32,
    name: String,
    schema: String,
    release: String,
}

impl Guest {
    /// `check` leaves the address of the answer on the stack.
    pub fn new(check: &str) -> Self {
        Self {
            check: check.into(),
            describe: "i32.const 128".into(),
            allocate: "(local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.set $next (i32.add (local.get $at) (local.get 3))) (local.get $at)"
                .into(),
            extra: String::new(),
            contract: include_str!("../../rules/wit/v1/rules.wit").into(),
            version: "1.0.0".into(),
            pages: 16,
            name: "hostile".into(),
            schema: "{}".into(),
            release: "0.1.0".into(),
        }
    }

    pub fn answering(answer: Answer) -> Self {
        Self::new(&format!("{} i32.const 256", answer.written()))
    }

    pub fn with(mut self, extra: &str) -> Self {
        self.extra = extra.into();
        self
    }

    pub fn describing(mut self, describe: &str) -> Self {
        self.describe = describe.into();
        self
    }

    pub fn allocating(mut self, allocate: &str) -> Self {
        self.allocate = allocate.into();
        self
    }

    pub fn contract(mut self, contract: &str) -> Self {
        self.contract = contract.into();
        self
    }

    pub fn version(mut self, version: &str) -> Self {
        self.version = version.into();
        self
    }

    pub fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    pub fn named(mut self, name: &str, schema: &str) -> Self {
        self.name = name.into();
        self.schema = schema.into();
        self
    }

    pub fn released(mut self, release: &str) -> Self {
        self.release = release.into();
        self
    }

    /// The output of a compiler that does not support components.
    pub fn core_module(&self) -> Vec<u8> {
        let Self {
            check,
            describe,
            allocate,
            extra,
            version,
            pages,
            ..
        } = self;
        let texts = [
            self.name.as_str(),
            self.release.as_str(),
            "a test",
            self.schema.as_str(),
        ];
        let mut at = 8192;
        let (mut record, mut stored) = (String::new(), String::new());
        for text in texts {
            write!(record, "{}{}", word(at), word(text.len() as u32)).unwrap();
            let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            write!(stored, "(data (i32.const {at}) \"{escaped}\")").unwrap();
            at += text.len() as u32;
        }
        let interface = format!("campus:rules/eligibility-check@{version}");
        wat::parse_str(format!(
            "(module
              (memory (export \"memory\") {pages})
              (global $next (mut i32) (i32.const 65536))
              (data (i32.const 128) \"{record}\") {stored}
              {extra}
              (func $deep (call $deep) (call $deep))
              (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (local $at i32) {allocate})
              (func (export \"{interface}#describe\") (result i32) {describe})
              (func (export \"{interface}#check\")
                (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local $at i32)
                {check}))"
        ))
        .unwrap()
    }

    pub fn build(&self) -> Vec<u8> {
        let mut core = self.core_module();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("rules.wit", &self.contract).unwrap();
        let world = resolve
            .select_world(&[package], Some("eligibility"))
            .unwrap();
        embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&core)
            .unwrap()
            .encode()
            .unwrap()
    }
}

/// Four bytes of a data segment.
fn word(number: u32) -> String {
    number
        .to_le_bytes()
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect()
}

/// An answer as stores into memory.
pub struct Answer(String);

impl Answer {
    pub fn eligible() -> Self {
        Self::verdict(0, 0, 0)
    }

    pub fn ineligible(reasons: &[(&str, &str)]) -> Self {
        let mut stores = String::new();
        let mut text_at = 0;
        let mut put = |stores: &mut String, text: &str| {
            // Reasons start at 512; long texts follow them.
            let at = if text.len() > 64 { 16_384 } else { text_at };
            for (offset, byte) in text.bytes().enumerate() {
                write!(
                    stores,
                    "(i32.store8 (i32.const {}) (i32.const {byte}))",
                    at + offset
                )
                .unwrap();
            }
            if text.len() <= 64 {
                text_at = (text_at + text.len()) % 100;
            }
            (at, text.len())
        };
        for (place, (code, message)) in reasons.iter().enumerate() {
            let (code_at, code_len) = put(&mut stores, code);
            let (message_at, message_len) = put(&mut stores, message);
            let reason = 512 + place * 28;
            for (offset, number) in [
                (0, code_at),
                (4, code_len),
                (8, message_at),
                (12, message_len),
            ] {
                write!(
                    stores,
                    "(i32.store offset={offset} (i32.const {reason}) (i32.const {number}))"
                )
                .unwrap();
            }
        }
        let Self(verdict) = Self::verdict(1, 512, reasons.len() as u32);
        Self(stores + &verdict)
    }

    /// Ineligible, with the claimed number of reasons at any address.
    pub fn reasons_at(at: u32, count: u32) -> Self {
        Self::verdict(1, at, count)
    }

    pub fn verdicts_at(at: u32, count: u32) -> Self {
        Self(format!(
            "(i32.store8 (i32.const 256) (i32.const 0))
             (i32.store offset=4 (i32.const 256) (i32.const {at})) (i32.store offset=8 (i32.const 256) (i32.const {count}))"
        ))
    }

    pub fn declined(why: &str) -> Self {
        let mut stores = String::new();
        for (offset, byte) in why.bytes().enumerate() {
            write!(
                stores,
                "(i32.store8 (i32.const {offset}) (i32.const {byte}))"
            )
            .unwrap();
        }
        let length = why.len();
        Self(format!(
            "{stores} (i32.store8 (i32.const 256) (i32.const 1))
             (i32.store offset=4 (i32.const 256) (i32.const 0)) (i32.store offset=8 (i32.const 256) (i32.const {length}))"
        ))
    }

    fn verdict(outcome: u32, reasons_at: u32, count: u32) -> Self {
        let Self(list) = Self::verdicts_at(384, 1);
        Self(format!(
            "{list} (i32.store8 (i32.const 384) (i32.const {outcome}))
             (i32.store offset=4 (i32.const 384) (i32.const {reasons_at})) (i32.store offset=8 (i32.const 384) (i32.const {count}))"
        ))
    }

    pub fn written(&self) -> &str {
        &self.0
    }
}

pub fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}
