//! The queue of log lines. A thread that logs never waits for the reader and never sees its errors: the line goes into
//! a bounded queue, and one thread writes. Lines that do not fit or cannot be written are lost and counted.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most bytes of waiting text, not counting what is being written.
const MAX_WAITING: usize = 1024 * 1024;

pub(super) struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<u8>,
    has_writer: bool,
    is_writing: bool,
    lost: u64,
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: Vec::new(),
                has_writer: false,
                is_writing: false,
                lost: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a whole line.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.waiting.len() + line.len() > MAX_WAITING {
            state.lost += 1;
        } else {
            state.waiting.extend_from_slice(line);
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn has_writer(&self) -> bool {
        self.state().has_writer
    }

    pub(super) fn lost(&self) -> u64 {
        self.state().lost
    }

    /// Starts the thread that writes. When lines can be written again, it passes the number of lost lines to `tell`.
    pub(super) fn write_to(
        &'static self,
        output: impl Write + Send + 'static,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<()> {
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || self.write_all(output, tell))?;
        self.state().has_writer = true;
        Ok(())
    }

    fn write_all(&self, mut output: impl Write, tell: impl Fn(u64)) {
        let (mut failed, mut reported, mut is_torn) = (0, 0, false);
        loop {
            let (text, lost) = self.next(failed, reported, !is_torn);
            if lost > 0 {
                reported += lost;
                tell(lost);
            }
            failed = 0;
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                // Ends the line that a failed write left unfinished.
                let mend = if is_torn { &b"\n"[..] } else { &[] };
                is_torn = output
                    .write_all(mend)
                    .and_then(|()| output.write_all(line))
                    .is_err();
                failed += u64::from(is_torn);
            }
        }
    }

    /// Counts the lines that just failed, then waits for text and takes all of it. If lost lines can be reported now,
    /// also returns how many have not been reported; the queue then has room for that report.
    fn next(&self, failed: u64, reported: u64, may_report: bool) -> (Vec<u8>, u64) {
        let mut state = self.state();
        state.lost += failed;
        let unreported = |state: &State| if may_report { state.lost - reported } else { 0 };
        let is_idle = |state: &mut State| state.waiting.is_empty() && unreported(state) == 0;
        if is_idle(&mut state) {
            state.is_writing = false;
            self.changed.notify_all();
        }
        let mut state = self
            .changed
            .wait_while(state, is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_writing = true;
        (std::mem::take(&mut state.waiting), unreported(&state))
    }

    /// Waits until the queue is empty, up to a time limit.
    pub(super) fn wait_until_written(&self, longest: Duration) {
        let state = self.state();
        let is_busy =
            |state: &mut State| state.has_writer && (state.is_writing || !state.waiting.is_empty());
        // The process ends whether or not the text was written in time.
        let _ = self.changed.wait_timeout_while(state, longest, is_busy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writes only with a permit; each permit says whether its write succeeds.
    struct Gate {
        permits: Receiver<bool>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.permits.recv() {
                Ok(true) => {
                    self.written.lock().unwrap().extend_from_slice(bytes);
                    Ok(bytes.len())
                }
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Written = Arc<Mutex<Vec<u8>>>;

    fn lines() -> (&'static Lines, Sender<bool>, Written) {
        let lines: &'static Lines = Box::leak(Box::new(Lines::new()));
        let (open, permits) = channel();
        let written = Written::default();
        let gate = Gate {
            permits,
            written: written.clone(),
        };
        lines
            .write_to(gate, |lost| lines.push(format!("lost {lost}\n").as_bytes()))
            .unwrap();
        (lines, open, written)
    }

    fn text(written: &Written) -> String {
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn lost_lines_are_reported_after_a_successful_write() {
        let (lines, open, written) = lines();
        for succeeds in [true, false, false, true, true, true] {
            open.send(succeeds).unwrap();
        }
        lines.push(b"a\n");
        lines.wait_until_written(LONG);
        lines.push(b"b\n");
        lines.wait_until_written(LONG);
        lines.push(b"c\n");
        lines.wait_until_written(LONG);
        assert_eq!((lines.lost(), text(&written)), (2, "a\n".into()));
        // A line break first, because part of a lost line may have been written.
        lines.push(b"d\n");
        lines.wait_until_written(LONG);
        assert_eq!(text(&written), "a\n\nd\nlost 2\n");
        assert_eq!(lines.lost(), 2);
    }

    #[test]
    fn a_stuck_reader_blocks_nobody() {
        let (lines, open, written) = lines();
        let line = [b'x'; 1023];
        let line = [&line[..], b"\n"].concat();
        lines.push(&line);
        // The writer is stuck in this line, so it cannot take others before all are pushed.
        while !lines.state().waiting.is_empty() {
            std::thread::yield_now();
        }
        for _ in 1..4 * MAX_WAITING / line.len() {
            lines.push(&line);
        }
        assert!(lines.lost() > 0);
        lines.wait_until_written(Duration::ZERO);
        let lost = lines.lost();
        for _ in 0..4 * MAX_WAITING / line.len() {
            open.send(true).unwrap();
        }
        lines.wait_until_written(LONG);
        let written = text(&written);
        assert!(written.ends_with(&format!("lost {lost}\n")));
        assert_eq!(written.lines().count() as u64 - 1 + lost, 4 * 1024);
    }

    #[test]
    fn the_end_waits_only_for_waiting_lines() {
        Lines::new().wait_until_written(LONG);
    }
}
