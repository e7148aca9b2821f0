//! The threads that compute password hashes. Each reuses one block of memory, so that many logins take no more memory
//! than a few. Logins have their own queue, so that registrations cannot delay them. It is fair: see flows.rs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use argon2::Block;
use tokio::sync::oneshot;

use super::PasswordError;
use super::flows::{Flow, Flows, MAX_WAITING};

/// Most threads. Each keeps 19 MiB, and two hash a hundred passwords a second.
const MAX_THREADS: usize = 2;
/// After this many logins in a row, one other job gets its turn.
const LOG_INS_IN_A_ROW: u32 = 4;

#[derive(Clone, Copy)]
pub(super) enum Queue {
    LogIns(Flow),
    /// At most `MAX_WAITING`.
    Others,
}

type Work = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

#[derive(Default)]
struct Waiting {
    log_ins: Flows<Work>,
    others: VecDeque<Work>,
    /// Logins since the last other job.
    in_a_row: u32,
    has_ended: bool,
}

impl Waiting {
    /// Returns the job that has no room.
    fn add(&mut self, queue: Queue, work: Work) -> Option<Work> {
        match queue {
            Queue::LogIns(flow) => self.log_ins.push(flow, work),
            Queue::Others if self.others.len() >= MAX_WAITING => Some(work),
            Queue::Others => {
                self.others.push_back(work);
                None
            }
        }
    }

    fn next(&mut self) -> Option<Work> {
        let is_turn_of_others = self.in_a_row >= LOG_INS_IN_A_ROW && !self.others.is_empty();
        if !is_turn_of_others && let Some(work) = self.log_ins.pop() {
            self.in_a_row += 1;
            return Some(work);
        }
        self.in_a_row = 0;
        self.others.pop_front()
    }
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    woken: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until the pool is dropped.
    fn work(&self) {
        let mut memory = Vec::new();
        let mut waiting = self.lock();
        loop {
            if let Some(work) = waiting.next() {
                drop(waiting);
                work(&mut memory);
                waiting = self.lock();
            } else if waiting.has_ended {
                return;
            } else {
                waiting = self
                    .woken
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

pub(super) struct HashThreads(Arc<Shared>);

impl HashThreads {
    pub(super) fn start(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let pool = Self(shared.clone());
        for number in 0..threads.clamp(1, MAX_THREADS) {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    /// Runs a job on one of the threads. A job whose caller has gone is skipped. `Busy`: the queue was full, or the job was dropped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (sender, answer) = oneshot::channel();
        let work: Work = Box::new(move |memory| {
            if !sender.is_closed() {
                // A panic ends only this job.
                let done = catch_unwind(AssertUnwindSafe(|| work(memory)));
                let done = done.map_err(|_| PasswordError::Failed("the job panicked".into()));
                // The caller may be gone by now.
                let _ = sender.send(done);
            }
        });
        let refused = self.0.lock().add(queue, work);
        // Closes the channel of its caller.
        drop(refused);
        self.0.woken.notify_one();
        answer.await.unwrap_or(Err(PasswordError::Busy))
    }
}

impl Drop for HashThreads {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.woken.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::sync::mpsc;

    /// A8: while registrations fill their queue, logins continue, and no other job waits forever.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn registrations_never_hold_up_log_ins() {
        let pool = Arc::new(HashThreads::start(1).unwrap());
        let flow = Flow::Network(IpAddr::from([192, 0, 2, 1]).into());
        let (release, held) = mpsc::channel::<()>();
        let (done, order) = mpsc::channel();
        let run = |queue: Queue, name: &'static str| {
            let (pool, done) = (pool.clone(), done.clone());
            tokio::spawn(async move {
                let work = move |_: &mut Vec<Block>| done.send(name).unwrap();
                pool.run(queue, work).await
            })
        };
        let (begin, begun) = mpsc::channel();
        let first = {
            let pool = pool.clone();
            let work = move |_: &mut Vec<Block>| {
                begin.send(()).unwrap();
                held.recv().unwrap();
            };
            tokio::spawn(async move { pool.run(Queue::Others, work).await })
        };
        begun.recv().unwrap();
        let waits = |queue: fn(&Waiting) -> usize, count: usize| {
            let pool = pool.clone();
            async move {
                while queue(&pool.0.lock()) != count {
                    tokio::task::yield_now().await;
                }
            }
        };
        let mut tasks: Vec<_> = (0..MAX_WAITING)
            .map(|_| run(Queue::Others, "other"))
            .collect();
        waits(|waiting| waiting.others.len(), MAX_WAITING).await;
        assert_eq!(
            pool.run(Queue::Others, |_| ()).await,
            Err(PasswordError::Busy)
        );
        tasks.extend((0..10).map(|_| run(Queue::LogIns(flow), "login")));
        waits(|waiting| waiting.log_ins.len(), 10).await;
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let order: Vec<_> = order.try_iter().take(12).collect();
        let log_ins = order.iter().filter(|name| **name == "login");
        assert_eq!(log_ins.count(), 10, "{order:?}");
        assert_eq!(order[4], "other", "{order:?}");
    }
}
