//! Guards the quality of the search: no kind of query may fall below the stored baseline, which `cargo bench --bench
//! relevance -- --baseline` rewrites.

pub mod suite;

use std::path::Path;

use suite::{Suite, shown, table};

/// Other changes may move a few queries by a rank. A kind that loses more than this is a regression.
const TOLERANCE: f64 = 0.01;

#[test]
fn no_kind_of_query_falls_below_its_baseline() {
    let suite = Suite::own();
    let folder = tempfile::tempdir().unwrap();
    let index = suite.index(folder.path());
    let answers = suite.answers(&index);
    let found = table(answers.iter());
    println!("{}", shown(&found));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relevance/baseline.tsv");
    let baseline = std::fs::read_to_string(file).unwrap();
    let mut lines = baseline.lines();
    assert_eq!(lines.next(), Some("kind\tnDCG@10\tMRR\trecall@20"));
    let mut fallen = Vec::new();
    let mut kinds = 0;
    for line in lines {
        let (kind, numbers) = line.split_once('\t').unwrap();
        let numbers: Vec<f64> = numbers
            .split('\t')
            .map(|number| number.parse().unwrap())
            .collect();
        let (_, figures) = found.iter().find(|(name, _)| name == kind).unwrap();
        let now = [figures.ndcg, figures.mrr, figures.recall];
        assert_eq!(numbers.len(), now.len());
        for (was, is) in numbers.iter().zip(now) {
            if is < was - TOLERANCE {
                fallen.push(format!("{kind}: {is:.3}, was {was}"));
            }
        }
        kinds += 1;
    }
    assert_eq!(kinds, found.len(), "a kind has no baseline");
    assert!(fallen.is_empty(), "{fallen:#?}\n{}", shown(&found));
}

#[test]
fn the_figures_are_those_of_the_suite() {
    let suite = Suite::own();
    let query = suite
        .queries
        .iter()
        .find(|query| query.id == "d-prefix-20")
        .unwrap();
    let answer = |found: &[&str]| {
        suite::Answer {
            query,
            found: found.iter().map(|id| (*id).to_owned()).collect(),
        }
        .figures()
    };
    assert_eq!(answer(&[]).ndcg, 0.0);
    assert_eq!(answer(&["0", "1"]).mrr, 0.0);
    let relevant = query.best();
    let perfect = answer(&relevant);
    assert!((perfect.ndcg - 1.0).abs() < 1e-9 && perfect.mrr == 1.0 && perfect.recall == 1.0);
    let late: Vec<&str> = ["0"].into_iter().chain(relevant.iter().copied()).collect();
    let late = answer(&late);
    assert!(late.ndcg < 1.0 && late.mrr == 0.5 && late.recall == 1.0);
}
