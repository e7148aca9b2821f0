//! The future of a read.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::StoreError;

/// What an operation returns that reads. An engine in this process reads at once, and needs no memory for it. A
/// database is waited for on the heap. It is a type of its own because the compiler copies the future of an `async fn`
/// into each codegen unit that waits for it.
#[must_use = "the result of a read"]
pub enum Reading<'a, T> {
    /// `None` once it was taken.
    Done(Option<Result<T, StoreError>>),
    Waiting(Waiting<'a, T>),
}

/// A read of a database.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl<'a, T> Reading<'a, T> {
    pub fn done(result: Result<T, StoreError>) -> Self {
        Self::Done(Some(result))
    }

    /// Reads, and what is made of them. `at_once`: they wait for nothing.
    pub fn new(
        at_once: bool,
        reads: impl Future<Output = Result<T, StoreError>> + Send + 'a,
    ) -> Self {
        if !at_once {
            return Self::Waiting(Box::pin(reads));
        }
        match pin!(reads).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Self::done(result),
            Poll::Pending => unreachable!("an engine in this process reads at once"),
        }
    }
}

impl<T> Unpin for Reading<'_, T> {}

impl<T> Future for Reading<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Done(result) => Poll::Ready(result.take().expect("it is not polled again")),
            Self::Waiting(reads) => reads.as_mut().poll(context),
        }
    }
}
