//! Limits on guessing passwords. Failures count per account and network, and per network. They never count per account
//! alone, or a stranger could lock somebody out. A device that has logged in to the account before has a count of its
//! own, and somebody who just reset the password by mail gets in whatever others tried. Successful logins cost
//! nothing.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::flows::Flow;
use super::throttle::{Share, Spent, Throttle, ThrottleSecret};
use crate::model::{AccountId, Network};

/// Most logins of one flow to check at the same time. A campus network may fill the queue.
const MAX_AT_ONCE: u32 = 128;
/// After a reset by mail, the account stays open for this long, whatever failed before,
const AFTER_RESET: Duration = Duration::from_hours(1);
/// and for this many guesses: the number that NIST SP 800-63B 5.2.2 allows in a row.
const TRIES_AFTER_RESET: u32 = 100;
/// Most resets to remember. Beyond this, the usual limits apply.
const MAX_RESETS: usize = 10_000;

/// The network of a request, and its share of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    pub network: Network,
    pub share: Share,
}

/// A login before its password is checked.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The typed address in its normalized form.
    pub address: &'a str,
    pub client: Client,
    pub flow: Flow,
    pub account: Option<AccountId>,
    /// Proof that this device has logged in to this account before.
    pub device: Option<&'a str>,
}

pub struct LogInLimits {
    by_account: Throttle,
    by_network: Throttle,
    by_device: Throttle,
    resets: Mutex<HashMap<AccountId, Reset>>,
    /// The resets that other servers have not been told, if anybody asks.
    new_resets: Option<Mutex<Vec<AccountId>>>,
    at_once: Mutex<HashMap<Flow, u32>>,
}

/// What one server tells the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogInNews {
    by_account: Vec<Spent>,
    by_network: Vec<Spent>,
    by_device: Vec<Spent>,
    resets: Vec<AccountId>,
}

impl LogInNews {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

struct Reset {
    until: Instant,
    tries: u32,
}

/// Why a login may be checked.
enum Way {
    Ordinary,
    Device,
    /// The password was reset. Others would have to wait this long.
    AfterReset(Duration),
}

/// A login whose password may be checked.
pub struct Admitted<'a> {
    limits: &'a LogInLimits,
    attempt: Attempt<'a>,
    way: Way,
}

impl LogInLimits {
    /// Failures per minute, for each account in each network and for each network.
    pub fn new(per_account: NonZeroU32, per_network: NonZeroU32) -> Self {
        Self {
            by_account: Throttle::new(per_account, per_account),
            by_network: Throttle::new(per_network, per_network),
            by_device: Throttle::new(per_account, per_account),
            resets: Mutex::default(),
            new_resets: None,
            at_once: Mutex::default(),
        }
    }

    /// Records what other servers with the same secret have to know.
    #[must_use]
    pub fn shared(self, secret: ThrottleSecret) -> Self {
        Self {
            by_account: self.by_account.shared(secret),
            by_network: self.by_network.shared(secret),
            by_device: self.by_device.shared(secret),
            new_resets: Some(Mutex::default()),
            ..self
        }
    }

    /// What has happened here since the last call.
    pub fn take_news(&self) -> LogInNews {
        let resets = self.new_resets.as_ref();
        LogInNews {
            by_account: self.by_account.take_recorded(),
            by_network: self.by_network.take_recorded(),
            by_device: self.by_device.take_recorded(),
            resets: resets.map_or(Vec::new(), |resets| std::mem::take(&mut *lock(resets))),
        }
    }

    /// Counts what has happened on another server.
    pub fn heard(&self, news: LogInNews) {
        for (throttle, spent) in [
            (&self.by_account, news.by_account),
            (&self.by_network, news.by_network),
            (&self.by_device, news.by_device),
        ] {
            spent.into_iter().for_each(|spent| throttle.count(spent));
        }
        news.resets
            .into_iter()
            .for_each(|account| self.open(account));
    }

    /// Admits a login, or says how long to wait.
    pub fn admit<'a>(&'a self, attempt: Attempt<'a>) -> Result<Admitted<'a>, Duration> {
        let way = self.way(&attempt)?;
        {
            let mut at_once = lock(&self.at_once);
            let own = at_once.entry(attempt.flow).or_default();
            let kind = (attempt.flow, attempt.client.share);
            let is_campus = matches!(kind, (Flow::Network(_), Share::Campus));
            if !is_campus && *own >= MAX_AT_ONCE {
                return Err(Duration::from_secs(1));
            }
            *own += 1;
        }
        Ok(Admitted {
            limits: self,
            attempt,
            way,
        })
    }

    fn way(&self, attempt: &Attempt) -> Result<Way, Duration> {
        if let Some(device) = attempt.device
            && self.by_device.wait(&device, Share::One).is_none()
        {
            return Ok(Way::Device);
        }
        let Client { network, share } = attempt.client;
        let key = (attempt.address, network);
        let by_account = self.by_account.wait(&key, share);
        let Some(wait) = by_account.max(self.by_network.wait(&network, share)) else {
            return Ok(Way::Ordinary);
        };
        match attempt.account {
            Some(account) if self.try_after_reset(account) => Ok(Way::AfterReset(wait)),
            _ => Err(wait),
        }
    }

    /// The account's password was reset by mail.
    pub fn password_reset(&self, account: AccountId) {
        self.open(account);
        if let Some(resets) = &self.new_resets {
            let mut resets = lock(resets);
            if resets.len() < MAX_RESETS {
                resets.push(account);
            }
        }
    }

    fn open(&self, account: AccountId) {
        let now = Instant::now();
        let mut resets = lock(&self.resets);
        if resets.len() >= MAX_RESETS {
            resets.retain(|_, reset| now < reset.until);
        }
        if resets.len() < MAX_RESETS {
            let (until, tries) = (now + AFTER_RESET, TRIES_AFTER_RESET);
            resets.insert(account, Reset { until, tries });
        }
    }

    fn try_after_reset(&self, account: AccountId) -> bool {
        let mut resets = lock(&self.resets);
        let Some(reset) = resets.get_mut(&account) else {
            return false;
        };
        if reset.tries == 0 || reset.until <= Instant::now() {
            resets.remove(&account);
            return false;
        }
        reset.tries -= 1;
        true
    }
}

impl Admitted<'_> {
    /// The password was wrong. Returns how long to wait if the answer "wrong" would reveal that the password was reset.
    pub fn failed(&self) -> Option<Duration> {
        let Client { network, share } = self.attempt.client;
        match (&self.way, self.attempt.device) {
            (Way::AfterReset(wait), _) => return Some(*wait),
            (Way::Device, Some(device)) => self.limits.by_device.spend(&device, Share::One),
            _ => {
                let key = (self.attempt.address, network);
                self.limits.by_account.spend(&key, share);
                self.limits.by_network.spend(&network, share);
            }
        }
        None
    }

    /// The password was right. Concurrent guesses may have used up the limit meanwhile.
    pub fn succeeded(&self) -> Result<(), Duration> {
        match self.way {
            Way::AfterReset(_) => Ok(()),
            Way::Ordinary | Way::Device => self.limits.way(&self.attempt).map(drop),
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut at_once = lock(&self.limits.at_once);
        let flow = self.attempt.flow;
        if let Some(own) = at_once.get_mut(&flow) {
            *own -= 1;
            if *own == 0 {
                at_once.remove(&flow);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn limits(per_account: u32, per_network: u32) -> LogInLimits {
        let number = |number| NonZeroU32::new(number).unwrap();
        LogInLimits::new(number(per_account), number(per_network))
    }

    fn attempt<'a>(address: &'a str, from: &str) -> Attempt<'a> {
        let network = Network::from(from.parse::<std::net::IpAddr>().unwrap());
        let share = Share::One;
        Attempt {
            address,
            client: Client { network, share },
            flow: Flow::Network(network),
            account: None,
            device: None,
        }
    }

    fn fail(limits: &LogInLimits, attempt: Attempt, times: usize) -> usize {
        let failed = (0..times).filter(|_| match limits.admit(attempt) {
            Ok(admitted) => admitted.failed().is_none(),
            Err(_) => false,
        });
        failed.count()
    }

    /// A7: a guesser blocks only their own attempts, not the account elsewhere or other accounts on the network.
    #[test]
    fn a_guesser_blocks_only_himself() {
        let limits = limits(3, 5);
        assert_eq!(fail(&limits, attempt("ann", "192.0.2.1"), 9), 3);
        assert!(limits.admit(attempt("ann", "192.0.2.2")).is_ok());
        assert!(limits.admit(attempt("bob", "192.0.2.1")).is_ok());
        assert_eq!(fail(&limits, attempt("bob", "192.0.2.1"), 9), 2);
        assert!(limits.admit(attempt("cat", "192.0.2.1")).is_err());
    }

    /// A7: a known device and a reset password get in where others must wait, but not forever.
    #[test]
    fn a_known_device_and_a_new_password_get_in() {
        let limits = limits(3, 5);
        let account = AccountId::generate(Timestamp::from_millis(1));
        let stranger = Attempt {
            account: Some(account),
            ..attempt("ann", "192.0.2.1")
        };
        fail(&limits, stranger, 9);
        assert!(limits.admit(stranger).is_err());
        let device = Attempt {
            device: Some("mark"),
            ..stranger
        };
        assert!(limits.admit(device).unwrap().succeeded().is_ok());
        assert_eq!(fail(&limits, device, 9), 3, "its own allowance");

        limits.password_reset(account);
        let admitted = limits.admit(stranger).unwrap();
        assert!(admitted.failed().is_some(), "a wrong one looks as before");
        assert!(limits.admit(stranger).unwrap().succeeded().is_ok());
        for _ in 2..TRIES_AFTER_RESET {
            assert!(limits.admit(stranger).is_ok());
        }
        assert!(limits.admit(stranger).is_err());
    }

    #[test]
    fn servers_tell_each_other() {
        let secret = ThrottleSecret::random();
        let (here, there) = (limits(3, 5).shared(secret), limits(3, 5).shared(secret));
        let account = AccountId::generate(Timestamp::from_millis(1));
        let ann = Attempt {
            account: Some(account),
            ..attempt("ann", "192.0.2.1")
        };
        fail(&here, ann, 3);
        let tell = || {
            let text = serde_json::to_string(&here.take_news()).unwrap();
            there.heard(serde_json::from_str(&text).unwrap());
        };
        tell();
        assert!(there.admit(ann).is_err());
        assert!(there.admit(attempt("bob", "192.0.2.1")).is_ok());
        here.password_reset(account);
        tell();
        assert!(there.admit(ann).is_ok());
        assert!(here.take_news().is_empty() && there.take_news().is_empty());
    }

    #[test]
    fn one_network_does_not_fill_the_queue() {
        let limits = limits(1_000, 1_000);
        let one = attempt("ann", "192.0.2.1");
        let mut admitted: Vec<_> = (0..MAX_AT_ONCE)
            .map(|_| limits.admit(one).unwrap())
            .collect();
        assert!(limits.admit(one).is_err());
        assert!(limits.admit(attempt("ann", "192.0.2.2")).is_ok());
        let account = AccountId::generate(Timestamp::from_millis(1));
        let known = Attempt {
            flow: Flow::Account(account),
            ..one
        };
        assert!(limits.admit(known).is_ok());
        let campus = Client {
            share: Share::Campus,
            ..one.client
        };
        let of_campus = Attempt {
            client: campus,
            ..one
        };
        assert!(limits.admit(of_campus).is_ok());
        admitted.pop();
        assert!(limits.admit(one).is_ok());
        drop(admitted);
        assert!(lock(&limits.at_once).is_empty());
    }
}
