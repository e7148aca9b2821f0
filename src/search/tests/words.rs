//! Queries find what people mean, and no input does harm.

use std::time::{Duration, Instant};

use super::samples::{NOW, Sample, changed, draft_job, id, job};
use crate::search::{JobQuery, Sort, SuggestionKind};

fn sample() -> Sample {
    let with = |number, title: &str, description: &str, skills: &[&str], place: &str| {
        changed(job(number, title, description), |job| {
            job.skills_required = skills.iter().map(ToString::to_string).collect();
            job.work_space = Some(place.into());
            job.location = Some("33 Beaver St".into());
        })
    };
    Sample::new(&[
        with(
            1,
            "Library Assistant",
            "Shelves books and helps readers.",
            &["Filing"],
            "Main Library",
        ),
        with(
            2,
            "Web Developer",
            "Builds pages for the library.",
            &["JavaScript", "C++"],
            "Computing",
        ),
        with(
            3,
            "Café Barista",
            "Makes coffee. Data entry of <orders> & \"sales\".",
            &["Cash"],
            "Dining",
        ),
        with(
            4,
            "Research Aide",
            "Enters data. No entry without a badge.",
            &["Microsoft Excel"],
            "Physics",
        ),
        changed(draft_job(5, "Secret Librarian", "Not public."), |job| {
            job.skills_required = vec!["Secrets".into()];
            job.work_space = Some("Vault".into());
            job.location = Some("33 Beaver St".into());
        }),
    ])
}

#[test]
fn words_find_jobs() {
    let sample = sample();
    for (typed, found) in [
        ("library", vec![1, 2]),
        ("libraries", vec![1, 2]),
        ("LIBR", vec![1]),
        ("assistant library", vec![1]),
        ("library ass", vec![1]),
        ("librrary", vec![1, 2]),
        ("asistnat", vec![1]),
        ("cafe", vec![3]),
        ("js", vec![2]),
        ("c++", vec![2]),
        ("ca", vec![3]),
        ("\"data entry\"", vec![3]),
        ("data entry", vec![3, 4]),
        ("\"entry data\"", vec![]),
        ("ms excel", vec![4]),
        ("beaver barista", vec![3]),
        ("dean fox library shelves", vec![1]),
        ("barista job", vec![3]),
        ("barista unicorn", vec![3]),
        ("secret", vec![]),
        ("", vec![4, 3, 2, 1]),
        (" \u{3000} ", vec![4, 3, 2, 1]),
        ("?!", vec![]),
        ("💼", vec![]),
    ] {
        let mut hits = sample.search(typed);
        let mut expected: Vec<_> = found.into_iter().map(id).collect();
        if !typed.trim().is_empty() {
            hits.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(hits, expected, "{typed:?}");
    }
    assert_eq!(sample.search("library")[0], id(1));
    // The order never changes what is found.
    for typed in [
        "job jobs",
        "barista jobs",
        "library",
        "c++",
        "\"data entry\"",
    ] {
        let query = JobQuery {
            q: Some(typed.into()),
            sort: Sort::Pay,
            ..JobQuery::open(NOW, 100)
        };
        let total = sample.index.find(&query).unwrap().total;
        assert_eq!(total, sample.search(typed).len(), "{typed:?}");
    }
}

#[test]
fn abbreviations_find_their_meaning() {
    let sample = Sample::new(&[
        job(1, "Administrative Assistant", "Writes."),
        job(2, "Asset Keeper", "Counts. Knows the State of things."),
        job(3, "Statistics Clerk", "Counts."),
    ]);
    for (typed, found) in [
        ("admin asst", vec![1]),
        ("ADMIN", vec![1]),
        ("asst", vec![1]),
        // A skill name that no posting uses.
        ("stats", vec![3]),
    ] {
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(sample.search(typed), expected, "{typed}");
    }
}

/// Stemming also applies to unknown words: "administative" has the stem of "administers".
#[test]
fn a_typo_is_corrected_even_if_its_stem_is_known() {
    let sample = Sample::new(&[
        job(1, "Administrative Assistant", "Writes."),
        job(2, "Nurse", "Administers vaccines."),
        job(3, "Gardener", "Waters plants."),
        job(4, "Operator", "Plans water supply."),
    ]);
    for (typed, found) in [
        ("administative assistant", vec![1]),
        ("administative", vec![1, 2]),
        // Words that the index has only in another form.
        ("administered", vec![2]),
        ("gardeners", vec![3]),
    ] {
        let mut hits = sample.search(typed);
        hits.sort_unstable();
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(hits, expected, "{typed}");
    }
}

/// A difference in the first letter usually means another word: "math" does not mean oath.
#[test]
fn the_first_letter_is_rarely_corrected() {
    let sample = Sample::new(&[
        job(1, "Safeguard Officer", "Watches."),
        job(2, "Oath Clerk", "Writes."),
        job(3, "Photography Intern", "Looks."),
    ]);
    for (typed, found) in [
        ("saefguadr", Some(1)),
        ("afeguard", Some(1)),
        ("asfeguard", Some(1)),
        ("mafeguard", Some(1)),
        ("lifeguard", None),
        ("otah", Some(2)),
        ("aoth", Some(2)),
        ("math", None),
        ("fotography", Some(3)),
    ] {
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(sample.search(typed), expected, "{typed}");
    }
}

#[test]
fn hostile_text_does_no_harm() {
    let sample = sample();
    let jobs: Vec<_> = (1..5)
        .map(|number| job(number, "A <b>&amp;", "x"))
        .collect();
    let strange = [
        "a".repeat(10_000),
        "\"".repeat(10_000),
        "ab ".repeat(5_000),
        "+-&&||!(){}[]^\"~*?:\\/ OR AND NOT title:x [a TO b] /.*/ ^4 ~2".into(),
        "\0\u{1}\u{202e}\u{feff}".into(),
        "é".repeat(9_000),
        "library\0".into(),
    ];
    let naughty: Vec<String> = serde_json::from_str(NAUGHTY).unwrap();
    let start = Instant::now();
    for text in strange.iter().chain(&naughty) {
        sample.search(text);
        sample.index.suggest(text, 10).unwrap();
        let snippeter = sample.index.snippeter(text).unwrap();
        for job in &jobs {
            snippeter.snippet(job);
            let itself = changed(job.clone(), |job| {
                job.job_description = text.clone();
            });
            let snippet = snippeter.snippet(&itself);
            let bare = snippet.replace("<mark>", "").replace("</mark>", "");
            assert!(!bare.contains(['<', '>']), "{text:?}: {snippet:?}");
        }
        let query = JobQuery {
            skills: vec![text.clone()],
            location: Some(text.clone()),
            work_space: Some(text.clone()),
            ..JobQuery::open(NOW, 10)
        };
        sample.index.find(&query).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// A few of the kinds of minimaxir/big-list-of-naughty-strings.
const NAUGHTY: &str = r#"["undefined", "\\", "1E+02", "0x0", "NaN", ",./;'[]\\-=", "<>?:\"{}|_+", "!@#$%^&*()`~",
    "Ω≈ç√∫˜µ≤≥÷", "ÅÍÎÏ˝ÓÔÒÚÆ☃", "Œ„´‰ˇÁ¨ˆØ∏”’", "⁰⁴⁵₀₁₂", "ด้้้้้็็็็็้้้้้็็็็็", "田中さんにあげて下さい", "Ⱥ", "ヽ༼ຈل͜ຈ༽ﾉ",
    "👩🏽 👾 🙇", "１２３", "הָיְתָהtest", "﷽", "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤", "˙ɐnbᴉlɐ ɐuƃɐɯ", "Ｔｈｅ ｑｕｉｃｋ", "<script>alert(0)</script>",
    "1;DROP TABLE users", "%s%n", "../../etc/passwd", "Powerلُلُصّبُلُلصّبُررً ॣ ॣh ॣ ॣ冗", "İ ı ß ǆ ŉ", "a\u0300\u0301'S’s"]"#;

#[test]
fn completions_come_from_open_jobs() {
    let sample = sample();
    let suggested = |text: &str| -> Vec<(String, SuggestionKind)> {
        let suggestions = sample.index.suggest(text, 5).unwrap();
        suggestions
            .into_iter()
            .map(|one| (one.text, one.kind))
            .collect()
    };
    let title = |text: &str| (text.to_owned(), SuggestionKind::Title);
    assert_eq!(
        suggested("li"),
        [
            title("Library Assistant"),
            ("Main Library".into(), SuggestionKind::WorkSpace)
        ]
    );
    assert_eq!(suggested("ass LIB"), [title("Library Assistant"),]);
    assert_eq!(suggested("cafe b"), [title("Café Barista")]);
    assert_eq!(
        suggested("java"),
        [("JavaScript".to_owned(), SuggestionKind::Skill)]
    );
    for typed in ["js", "javscript", "jvaascr"] {
        let found = suggested(typed);
        assert_eq!(
            found[0],
            ("JavaScript".to_owned(), SuggestionKind::Skill),
            "{typed}"
        );
    }
    assert_eq!(suggested("librayr ass"), [title("Library Assistant")]);
    assert_eq!(suggested("barsita"), [title("Café Barista")]);
    assert_eq!(suggested("secr"), []);
    assert_eq!(suggested("  "), []);
    assert!(sample.index.suggest("a", 1).unwrap().len() <= 1);
}

#[test]
fn snippets_mark_and_escape() {
    let sample = sample();
    let marked = |q: &str, title: &str, description: &str| {
        sample
            .index
            .snippeter(q)
            .unwrap()
            .snippet(&job(1, title, description))
    };
    assert_eq!(
        marked(
            "orders sale",
            "x",
            "Data entry of <orders> &\n\n \"sales\"."
        ),
        "Data entry of &lt;<mark>orders</mark>&gt; &amp; &quot;<mark>sales</mark>&quot;."
    );
    assert_eq!(
        marked("librrary", "Library & Co", "Nothing."),
        "<mark>Library</mark> &amp; Co"
    );
    assert_eq!(marked("unicorn", "x", "y & <z>"), "y &amp; &lt;z&gt;");
    let filler = "Filler words stand here. ".repeat(40);
    let head = marked("unicorn", "x", &filler);
    assert!(
        head.starts_with("Filler words") && head.ends_with('…'),
        "{head}"
    );
    assert!((150..=201).contains(&head.chars().count()), "{head}");
    let long = format!("{filler} A library of maps. {filler}");
    let snippet = marked("maps library", "x", &long);
    assert!(
        snippet.contains("<mark>library</mark> of <mark>maps</mark>"),
        "{snippet}"
    );
    assert!(
        snippet.starts_with('…') && snippet.ends_with('…'),
        "{snippet}"
    );
    assert!(snippet.chars().count() <= 240, "{snippet}");
    let unbroken = format!("{}図書館{}", "字".repeat(500), "字".repeat(500));
    assert!(marked("図", "x", &unbroken).contains("<mark>図</mark>"));
}
