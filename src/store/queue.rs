//! The queue of an engine's writer: what waits in it, how much, and how a change gets into it.

use tokio::sync::oneshot;

use super::engine::{Change, CommitError, Committed, StoreError};
use super::tally::Tally;

/// Most changes that may wait. One more is refused as `Busy`.
pub(super) const QUEUE: usize = 4096;
/// Most changes in one group, so that the first does not wait long for the others.
pub(super) const GROUP: usize = 256;
/// Most bytes in one group.
pub(super) const GROUP_BYTES: usize = 16 * 1024 * 1024;

pub(super) struct Submitted {
    pub change: Change,
    pub bytes: usize,
    pub answer: oneshot::Sender<Result<u64, CommitError>>,
}

/// Puts a change into a queue, unless it is beyond the limits. `put` gives it back with
/// the reason if the queue does not take it.
pub(super) fn submit(
    change: Change,
    tally: &Tally,
    put: impl FnOnce(Submitted) -> Option<(Submitted, StoreError)>,
) -> Committed {
    let (answer, committed) = oneshot::channel();
    // This function owns the receiver, so the answer always arrives.
    let refuse = |answer: oneshot::Sender<_>, error| {
        let _ = answer.send(Err(CommitError::Store(error)));
    };
    let bytes = match change.check_limits() {
        Ok(bytes) => bytes,
        Err(error) => {
            refuse(answer, error);
            return committed;
        }
    };
    tally.handed_over();
    let submitted = Submitted {
        change,
        bytes,
        answer,
    };
    if let Some((one, error)) = put(submitted) {
        tally.refused();
        refuse(one.answer, error);
    }
    committed
}
