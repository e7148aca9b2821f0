//! Limits how slowly a body may arrive, so that a client that sends almost nothing cannot hold a connection.

use std::time::{Duration, Instant};

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::body::broken_body;
use super::problem::Problem;

/// How long a body may keep us waiting in all,
const MAX_WAIT: Duration = Duration::from_secs(10);
/// plus time for what has arrived, at the rate of the slowest lines in use, so that a large import over such a line
/// succeeds.
const MIN_BYTES_PER_SECOND: u64 = 500;

/// What one body has used so far. Only time spent waiting counts, not time spent processing.
#[derive(Default)]
pub struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// How much longer to wait.
    fn left(&self) -> Duration {
        let earned = Duration::from_millis(self.bytes.saturating_mul(1000) / MIN_BYTES_PER_SECOND);
        (MAX_WAIT + earned).saturating_sub(self.waited)
    }

    /// The next piece of a body; `None` at its end.
    pub async fn next(
        &mut self,
        body: &mut (impl Stream<Item = Result<Bytes, PayloadError>> + Unpin),
    ) -> Result<Option<Bytes>, Problem> {
        let begun = Instant::now();
        let next = tokio::time::timeout(self.left(), body.next()).await;
        self.waited += begun.elapsed();
        match next {
            Err(_) => Err(Problem::too_slow()),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) => Err(broken_body(&error)),
            Ok(Some(Ok(piece))) => {
                self.bytes += piece.len() as u64;
                Ok(Some(piece))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second at which a body is given up that sends this many bytes per interval. `None`: not within an hour.
    fn gives_up_at(bytes: u64, every: u64) -> Option<u64> {
        let mut pace = Pace::default();
        for second in 1..=3600 {
            if pace.left() < Duration::from_secs(1) {
                return Some(second - 1);
            }
            pace.waited += Duration::from_secs(1);
            if second % every == 0 {
                pace.bytes += bytes;
            }
        }
        None
    }

    /// D3: a trickling body is given up, and one over a slow line is not.
    #[test]
    fn a_slow_body_is_accepted_and_a_stalled_one_is_not() {
        assert_eq!(gives_up_at(0, 1), Some(10));
        assert_eq!(gives_up_at(1, 1), Some(10));
        assert_eq!(gives_up_at(1_000, 11), Some(10));
        assert_eq!(gives_up_at(400, 1), Some(46));
        assert_eq!(gives_up_at(600, 1), None);
    }
}
