//! Requests that cause the statuses and codes of single operations.

use super::*;

impl Tour {
    pub(super) async fn accounts(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        // One account with an unverified address, and one that is suspended.
        let (unverified, token) = self.registered().await;
        let wrong = json!({ "token": token, "password": "not the one" });
        self.ask(None, POST, "auth/verify-email", wrong)
            .await
            .expect(422);
        let suspended = self.guest("student").await;
        let change = json!({ "email": "moved@example.edu", "currentPassword": PASSWORD });
        self.ask(Some(&suspended), PATCH, "me", change)
            .await
            .expect(200);
        let link = board
            .mailed_token("moved@example.edu", "verify-email")
            .await;
        let account_id = self.account_of(&suspended).await;
        self.set_account(&account_id, "suspended").await.expect(200);
        let link = json!({ "token": link, "password": PASSWORD });
        self.ask(None, POST, "auth/verify-email", link)
            .await
            .expect(403);
        for email in [&unverified, &suspended.email] {
            let body = json!({ "email": email, "password": PASSWORD });
            for path in ["auth/login", "/authLogin"] {
                self.ask(None, POST, path, body.clone()).await.expect(403);
            }
        }
        let listed = board.get(admin, "admin/accounts?status=unverified").await;
        let unverified = text(&listed.expect(200).json()["items"][0], "accountId");
        self.set_account(&unverified, "active").await.expect(409);
        let own = self.account_of(&self.0.admin).await;
        self.set_account(&own, "suspended").await.expect(409);
    }

    pub(super) async fn sessions(&self) {
        let body = json!({ "email": self.0.student.email, "password": "wrong" });
        self.ask(None, POST, "/authLogin", body).await.expect(401);
        let mut wrong = self.0.student.clone();
        wrong.token = "wrong".into();
        self.ask(Some(&wrong), POST, "auth/logout", json!({}))
            .await
            .expect(401);
        let body = json!({ "password": "another long one", "currentPassword": "wrong" });
        self.ask(Some(&self.0.student), PATCH, "me", body)
            .await
            .expect(422);
        // Metrics are for callers on the same machine.
        let request = self.0.board.request(Method::GET, "/metrics");
        let request = request.header("x-forwarded-for", "203.0.113.9");
        self.0.board.send(request).await.expect(404);
    }

    pub(super) async fn jobs_and_files(&self) {
        let (employer, student) = (Some(&self.0.employer), Some(&self.0.student));
        let waiting = self.0.board.join("employer", "kiosk@elsewhere.com").await;
        let pending = self.0.board.post_job(&waiting, json!({})).await;
        let path = format!("jobs/{}", text(&pending, "jobId"));
        let open = json!({ "jobStatus": "open" });
        self.ask(Some(&waiting), PATCH, &path, open)
            .await
            .expect(409);

        let job = self.job(json!({})).await;
        self.apply(&self.0.student, &job).await;
        let path = format!("jobs/{job}");
        let hours = json!({ "hoursPerWeek": 3 });
        self.ask(employer, PATCH, &path, hours).await.expect(409);
        let closed = self.job(json!({})).await;
        let path = format!("jobs/{closed}");
        self.0.board.delete(employer, &path).await.expect(204);
        let long = self.job(json!({ "hoursPerWeek": 25 })).await;
        for path in ["applications", "/apply-job"] {
            for (job, status) in [(&job, 409), (&closed, 409), (&long, 422)] {
                let body = json!({ "jobId": job });
                self.ask(student, POST, path, body).await.expect(status);
            }
            let missing = json!({ "jobId": self.0.id("missing", true).await });
            self.ask(student, POST, path, missing).await.expect(404);
        }

        let collector = self.guest("student").await;
        loop {
            let request = self.0.board.request(POST, "files?name=cv.pdf");
            let request = request.bearer_auth(&collector.token);
            let request = request.header("content-type", "application/pdf");
            if self.0.board.send(request.body(PDF)).await.status == 409 {
                break;
            }
        }
    }

    /// Accepts an application through each of the three routes that can.
    async fn accept(&self, application: &str) -> Vec<Reply> {
        let mut replies = Vec::new();
        let employer = Some(&self.0.employer);
        let mut body = json!({ "applicationStatus": "accepted" });
        let path = format!("applications/{application}");
        replies.push(self.ask(employer, PATCH, &path, body.clone()).await);
        body["applicationId"] = application.into();
        for path in ["/update-application-jobs", "/update-application-status"] {
            replies.push(self.ask(employer, PATCH, path, body.clone()).await);
        }
        replies
    }

    pub(super) async fn applications(&self) {
        let (one, two) = (self.guest("student").await, self.guest("student").await);
        let scarce = self.job(json!({ "hoursPerWeek": 15 })).await;
        let other = self.job(json!({ "hoursPerWeek": 15 })).await;
        let (first, second) = (
            self.apply(&one, &scarce).await,
            self.apply(&two, &scarce).await,
        );
        let third = self.apply(&one, &other).await;
        for (application, codes) in [
            (&first, ["", "invalid_transition", "invalid_transition"]),
            (&second, ["positions_filled"; 3]),
            (&third, ["not_eligible"; 3]),
        ] {
            let replies = self.accept(application).await;
            let had: Vec<String> = replies.iter().map(Reply::problem_code).collect();
            assert_eq!(had, codes);
        }
        self.0
            .board
            .delete(Some(&two), &format!("applications/{second}"))
            .await
            .expect(204);
        for path in [
            format!("applications/{second}"),
            format!("/delete-service?applicationId={second}"),
        ] {
            self.0.board.delete(Some(&two), &path).await.expect(409);
        }
        let path = format!("admin/applications/{second}/eligibility");
        let word = json!({ "outcome": "eligible", "reason": "I looked." });
        self.ask(Some(&self.0.admin), PATCH, &path, word)
            .await
            .expect(409);
    }

    /// The rules send students without a GPA to the office.
    pub(super) async fn verdicts(&self) {
        let rule = self.built_in_rule().await;
        let admin = Some(&self.0.admin);
        let needed = |facts: Value| json!({ "parameters": { "neededFacts": facts } });
        self.ask(admin, PATCH, &rule, needed(json!(["gpa"])))
            .await
            .expect(200);
        let (student, job) = (self.guest("student").await, self.job(json!({})).await);
        let application = self.apply(&student, &job).await;
        for reply in self.accept(&application).await {
            assert_eq!(reply.code(), "review_pending");
        }
    }

    pub(super) async fn rules(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        let module = self.module("{}").await;
        let kept = self.upload(module.clone()).await.expect(201).json();
        self.upload(module).await.expect(409);
        self.upload(b"no module".to_vec()).await.expect(422);
        let rule = format!("admin/rules/{}", text(&kept, "ruleId"));
        let to = |state: &str| json!({ "state": state });
        self.ask(admin, PATCH, &rule, to("active"))
            .await
            .expect(409);
        self.ask(admin, PATCH, &rule, to("shadow"))
            .await
            .expect(200);
        board.delete(admin, &rule).await.expect(409);
        let built_in = self.built_in_rule().await;
        self.ask(admin, PATCH, &built_in, to("draft"))
            .await
            .expect(409);
        self.ask(admin, PATCH, &built_in, to("retired"))
            .await
            .expect(200);
        board.delete(admin, &built_in).await.expect(409);
        let schema =
            r#"{"type":"object","properties":{"limit":{"type":"number"}},"required":["limit"]}"#;
        let unset = self
            .upload(self.module(schema).await)
            .await
            .expect(201)
            .json();
        let path = format!("admin/rules/{}/dry-run", text(&unset, "ruleId"));
        self.ask(admin, POST, &path, json!({})).await.expect(422);
    }

    /// No mail can be sent while its folder is a file.
    pub(super) async fn mail(&self) {
        let (board, admin) = (&self.0.board, Some(&self.0.admin));
        let folder = board.folder.path().join("mail/new");
        std::fs::rename(&folder, folder.with_file_name("aside")).unwrap();
        std::fs::write(&folder, "").unwrap();
        let body = json!({ "email": self.0.student.email });
        self.ask(None, POST, "auth/forgot-password", body)
            .await
            .expect(202);
        let waiting = board.get(admin, "admin/outbox?state=waiting").await;
        let mail = text(&waiting.expect(200).json()["items"][0], "mailId");
        let path = format!("admin/outbox/{mail}/retry");
        self.ask(admin, POST, &path, json!({})).await.expect(200);
    }
}
