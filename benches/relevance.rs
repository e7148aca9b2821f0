//! Prints the quality of the search: nDCG@10, MRR and recall@20 by kind of query, over all queries and over the tuned
//! and held-out halves.
//!
//! `cargo bench --bench relevance` runs the suite of this repository; `-- FOLDER POSTINGS.csv` runs another folder's
//! queries.tsv and qrels.txt; `--run FILE` writes a TREC run for the suite's own eval.py; `--misses KIND` lists the
//! queries of a kind that score below 1; `--baseline` saves the figures as the baseline that tests/relevance.rs guards.

#[path = "../tests/relevance/suite.rs"]
mod suite;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use suite::{Answer, Figures, Suite, shown, table};

fn main() {
    let mut paths = Vec::new();
    let (mut run, mut misses, mut keep) = (None, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo passes it to all benches.
            "--bench" => {}
            "--run" => run = arguments.next(),
            "--baseline" => keep = true,
            "--misses" => misses = arguments.next(),
            _ => paths.push(argument),
        }
    }
    let suite = match &paths[..] {
        [] => Suite::own(),
        [folder, postings] => Suite::load(Path::new(folder), Path::new(postings)),
        _ => panic!("give no path, or a folder and a file of postings"),
    };
    let folder = tempfile::tempdir().unwrap();
    let index = suite.index(folder.path());
    let start = Instant::now();
    let answers = suite.answers(&index);
    let took = start.elapsed() / answers.len().max(1) as u32;
    println!("{}", shown(&table(answers.iter())));
    for (name, odd) in [("odd (tuned on)", true), ("even (held out)", false)] {
        let half = answers.iter().filter(|answer| answer.query.is_odd() == odd);
        println!("{name}\n{}", shown(&table(half)));
    }
    println!("{took:?} a query, one thread, first time");
    if let Some(kind) = misses {
        list_misses(answers.iter().filter(|answer| answer.query.kind == kind));
    }
    if keep {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relevance/baseline.tsv");
        std::fs::write(file, baseline(&table(answers.iter()))).unwrap();
    }
    if let Some(file) = run {
        std::fs::write(file, trec(&answers)).unwrap();
    }
}

fn list_misses<'a>(answers: impl Iterator<Item = &'a Answer<'a>>) {
    for answer in answers {
        let figures = answer.figures();
        if figures.ndcg < 0.999 && answer.query.is_odd() {
            let best: Vec<&str> = answer.found.iter().take(5).map(String::as_str).collect();
            println!(
                "{:.3} {} {:?} {best:?}",
                figures.ndcg, answer.query.id, answer.query.text
            );
        }
    }
}

fn baseline(table: &[(String, Figures)]) -> String {
    let mut text = String::from("kind\tnDCG@10\tMRR\trecall@20\n");
    for (kind, figures) in table {
        let Figures {
            ndcg, mrr, recall, ..
        } = figures;
        writeln!(text, "{kind}\t{ndcg:.3}\t{mrr:.3}\t{recall:.3}").unwrap();
    }
    text
}

fn trec(answers: &[Answer<'_>]) -> String {
    let mut text = String::new();
    for answer in answers {
        for (rank, job) in answer.found.iter().enumerate() {
            let (query, score) = (&answer.query.id, 1_000 - rank);
            writeln!(text, "{query} Q0 {job} {} {score} corkboard", rank + 1).unwrap();
        }
    }
    text
}
