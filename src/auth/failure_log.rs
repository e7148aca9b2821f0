//! Limits how many failed logins are logged: the first per minute for each address and network, and a fixed number in
//! all, so that a flood does not fill the store. The others are counted, and the next logged failure includes their
//! number.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use super::throttle::{Share, Throttle, ThrottleSecret};
use crate::model::Network;

/// Most failures to log per minute.
const MAX_A_MINUTE: u32 = 120;

pub struct FailureLog {
    secret: ThrottleSecret,
    each: Throttle,
    all: Throttle,
    suppressed: AtomicU32,
}

/// A failure to log.
#[derive(Debug, PartialEq, Eq)]
pub struct LoggedFailure {
    /// How many were not logged since the last one.
    pub suppressed: u32,
    /// The same for the same address and network on all servers with the same secret.
    pub digest: u64,
}

impl FailureLog {
    pub fn new(secret: ThrottleSecret) -> Self {
        let most = NonZeroU32::new(MAX_A_MINUTE).unwrap_or(NonZeroU32::MIN);
        Self {
            secret,
            each: Throttle::new(NonZeroU32::MIN, NonZeroU32::MIN),
            all: Throttle::new(most, most),
            suppressed: AtomicU32::new(0),
        }
    }

    /// Whether to log a failure. It makes no difference whether the address has an account.
    pub fn admit(&self, address: &str, network: Network) -> Option<LoggedFailure> {
        let is_first = self.each.take(&(address, network), Share::One).is_ok();
        if is_first && self.all.take(&(), Share::One).is_ok() {
            return Some(LoggedFailure {
                suppressed: self.suppressed.swap(0, Ordering::Relaxed),
                digest: self.secret.digest(&(address, network)),
            });
        }
        self.suppress(1);
        None
    }

    /// Counts failures that were not logged.
    pub fn suppress(&self, count: u32) {
        self.suppressed.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D9: a flood is merged, for one address or for many.
    #[test]
    fn a_flood_is_merged() {
        let log = FailureLog::new(ThrottleSecret::random());
        let network = Network::from("192.0.2.1".parse::<std::net::IpAddr>().unwrap());
        let suppressed = |name| Some(log.admit(name, network)?.suppressed);
        assert_eq!(suppressed("ann"), Some(0));
        for _ in 0..9 {
            assert_eq!(log.admit("ann", network), None);
        }
        assert_eq!(suppressed("bob"), Some(9));
        let noted = (0..1_000).filter(|number| log.admit(&number.to_string(), network).is_some());
        assert_eq!(noted.count() as u32, MAX_A_MINUTE - 2);
    }
}
