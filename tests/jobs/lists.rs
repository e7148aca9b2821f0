//! Lists: filters, counts, orders, pages.

use super::{is_count, text, titles, until};
use crate::support::Board;
use serde_json::json;

#[actix_web::test]
async fn lists_are_filtered_counted_sorted_and_paged() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let other = board.join("employer", "gym@example.edu").await;
    #[rustfmt::skip]
    let jobs = [
        (&employer, json!({"jobTitle": "Desk clerk", "jobPayRate": 15, "hoursPerWeek": 5, "skillsRequired": ["Excel"], "workSpace": "Library", "location": "North", "deadline": "2099-03-01"})),
        (&employer, json!({"jobTitle": "Data clerk", "jobPayRate": 20, "hoursPerWeek": 15, "skillsRequired": ["Excel", "R"], "workSpace": "Library", "setting": "remote", "deadline": "2099-01-01", "workStudyRequired": true})),
        (&other, json!({"jobTitle": "Lifeguard", "jobPayRate": 18, "hoursPerWeek": 10, "skillsRequired": ["CPR"], "workSpace": "Gym", "setting": "offCampus", "deadline": "2099-02-01"})),
    ];
    for (who, change) in jobs {
        board.post_job(who, change).await;
    }
    // Sorted lists use the search index, which the plain list does not wait for.
    until(&board, None, "jobs?sort=pay", |page| is_count(page, 3)).await;
    let all = board.get(None, "jobs").await.expect(200).json();
    assert_eq!(
        titles(&all),
        ["Lifeguard", "Data clerk", "Desk clerk"],
        "newest first"
    );
    let own = text(&all["items"][2], "employeeId");
    for (query, wanted) in [
        ("skill=excel", vec!["Data clerk", "Desk clerk"]),
        ("skill=excel&skill=R", vec!["Data clerk"]),
        ("setting=offCampus", vec!["Lifeguard"]),
        ("workSpace=Library", vec!["Data clerk", "Desk clerk"]),
        ("location=North", vec!["Desk clerk"]),
        ("minPay=18", vec!["Lifeguard", "Data clerk"]),
        ("maxHours=10", vec!["Lifeguard", "Desk clerk"]),
        ("workStudy=true", vec!["Data clerk"]),
        ("workStudy=false", vec!["Lifeguard", "Desk clerk"]),
        (
            &format!("employeeId={own}"),
            vec!["Data clerk", "Desk clerk"],
        ),
        ("status=open", vec!["Lifeguard", "Data clerk", "Desk clerk"]),
        ("sort=newest", vec!["Lifeguard", "Data clerk", "Desk clerk"]),
        ("sort=pay", vec!["Data clerk", "Lifeguard", "Desk clerk"]),
        (
            "sort=deadline",
            vec!["Data clerk", "Lifeguard", "Desk clerk"],
        ),
        ("q=clerk&sort=pay", vec!["Data clerk", "Desk clerk"]),
        (
            "skill=excel&minPay=16&maxHours=20&setting=remote",
            vec!["Data clerk"],
        ),
        ("skill=juggling", vec![]),
    ] {
        let page = board
            .get(None, &format!("jobs?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(titles(&page), wanted, "{query}");
        assert_eq!(page["total"], wanted.len(), "{query}");
    }
    let facets = board.get(None, "jobs?skill=excel").await.expect(200).json()["facets"].clone();
    assert_eq!(
        facets["workSpace"],
        json!([{"value": "Library", "count": 2}])
    );
    // A facet's own filter does not affect its counts.
    let skills = facets["skills"].as_array().unwrap();
    assert!(
        skills.contains(&json!({"value": "CPR", "count": 1}))
            || skills.contains(&json!({"value": "R", "count": 1})),
        "{facets}"
    );
    let snippet = board.get(None, "jobs?q=books").await.expect(200).json();
    assert!(
        text(&snippet["items"][0], "snippet").contains("<mark>"),
        "{snippet}"
    );
    assert!(all["items"][0].get("snippet").is_none());

    // Pages stay stable while jobs arrive.
    for base in [
        "jobs?limit=1",
        "jobs?limit=1&sort=pay",
        "jobs?limit=1&skill=excel",
    ] {
        let mut seen: Vec<String> = Vec::new();
        let whole = until(
            &board,
            None,
            &base.replace("limit=1", "limit=100"),
            |page| is_count(page, page["total"].as_u64().unwrap()),
        )
        .await;
        let mut cursor = String::new();
        loop {
            let page = board
                .get(None, &format!("{base}{cursor}"))
                .await
                .expect(200)
                .json();
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|job| text(job, "jobId")),
            );
            let Some(next) = page["nextCursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
            let late = board
                .post_job(
                    &employer,
                    json!({"jobPayRate": 99, "skillsRequired": ["Excel"]}),
                )
                .await;
            until(
                &board,
                None,
                "jobs?limit=100&minPay=90&skill=excel",
                |page| {
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|job| job["jobId"] == late["jobId"])
                },
            )
            .await;
        }
        let wanted: Vec<String> = whole["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| text(job, "jobId"))
            .collect();
        assert_eq!(seen, wanted, "{base}");
    }
    board.stop().await;
}

#[actix_web::test]
async fn a_plain_list_counts_what_it_shows() {
    let board = Board::start();
    let employer = board.join("employer", "library@example.edu").await;
    let mut own = String::new();
    for count in 1..=25 {
        own = text(&board.post_job(&employer, json!({})).await, "employeeId");
        let whole = format!("jobs?limit=100&employeeId={own}");
        let page = board.get(None, &whole).await.expect(200).json();
        assert!(is_count(&page, count), "{count}: {}", page["total"]);
    }
    board.post_job(&employer, json!({})).await;
    let first = format!("jobs?limit=10&employeeId={own}");
    let mut path = first.clone();
    for (shown, least) in [(10, 11), (10, 21), (6, 26)] {
        let page = board.get(None, &path).await.expect(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), shown);
        let total = page["total"].as_u64().unwrap();
        assert!((least..=26).contains(&total), "{total} after {least}");
        path = format!(
            "{first}&cursor={}",
            page["nextCursor"].as_str().unwrap_or_default()
        );
    }
    until(&board, None, &first, |page| page["total"] == 26).await;
    // A closed one is not counted any more, at once.
    let whole = format!("jobs?limit=100&employeeId={own}");
    let page = board.get(None, &whole).await.expect(200).json();
    for left in (20..26).rev() {
        let path = format!("jobs/{}", text(&page["items"][left], "jobId"));
        board.delete(Some(&employer), &path).await.expect(204);
        let page = board.get(None, &whole).await.expect(200).json();
        assert!(is_count(&page, left as u64), "{left}: {}", page["total"]);
    }
    board.stop().await;
}
