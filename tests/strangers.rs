//! What a stranger may try at the door, and what must stay as it was: registering other people's addresses, guessing, flooding.

mod registrations;

use crate::support::{Board, Reply};
use serde_json::json;

async fn log_in(board: &Board, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    board.post(None, "auth/login", body).await
}
