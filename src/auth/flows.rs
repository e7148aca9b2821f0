//! The logins that wait for a hash. Each network is a flow, and the flows take turns: a flood from one network delays
//! only that network. When the queue is full, the longest flow loses its newest login, so that a flow with few of them
//! gets in.

use std::collections::VecDeque;

use crate::model::{AccountId, Network};

/// Most logins waiting in all flows together.
pub(super) const MAX_WAITING: usize = 256;

/// Which logins a login waits behind: others from its network, or, if the device has logged in before, only others of that kind
/// for the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    Account(AccountId),
    Network(Network),
}

/// Each flow with its waiting work, oldest first. The first flow is the next to have its turn.
pub(super) struct Flows<W>(VecDeque<(Flow, VecDeque<W>)>);

impl<W> Default for Flows<W> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<W> Flows<W> {
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|(_, works)| works.len()).sum()
    }

    /// Adds work to its flow. Returns the work that was dropped, possibly the one just added.
    pub(super) fn push(&mut self, flow: Flow, work: W) -> Option<W> {
        match self.0.iter_mut().find(|(one, _)| *one == flow) {
            Some((_, works)) => works.push_back(work),
            None => self.0.push_back((flow, [work].into())),
        }
        if self.len() <= MAX_WAITING {
            return None;
        }
        // Among equally long flows, drop from a network before an account, and from the last in turn first.
        let longest = (0..self.0.len()).max_by_key(|at| {
            let (flow, works) = &self.0[*at];
            (works.len(), matches!(flow, Flow::Network(_)))
        })?;
        let (_, works) = &mut self.0[longest];
        let newest = works.pop_back();
        if works.is_empty() {
            self.0.remove(longest);
        }
        newest
    }

    /// The oldest work of the next flow.
    pub(super) fn pop(&mut self) -> Option<W> {
        let (flow, mut works) = self.0.pop_front()?;
        let next = works.pop_front();
        if !works.is_empty() {
            self.0.push_back((flow, works));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn network(number: u32) -> Flow {
        let address = std::net::Ipv4Addr::from(number);
        Flow::Network(Network::from(std::net::IpAddr::from(address)))
    }

    fn account() -> Flow {
        Flow::Account(AccountId::generate(Timestamp::from_millis(1)))
    }

    #[test]
    fn flows_take_turns() {
        let mut flows = Flows::default();
        for work in [(1, 'a'), (1, 'b'), (1, 'c'), (2, 'x'), (3, 'y'), (3, 'z')] {
            assert_eq!(flows.push(network(work.0), work.1), None);
        }
        let order: String = std::iter::from_fn(|| flows.pop()).collect();
        assert_eq!(order, "axybzc");
        assert_eq!(flows.len(), 0);
    }

    /// A8: a full queue admits a flow that has few, at the cost of the longest.
    #[test]
    fn a_full_queue_has_room_for_a_short_flow() {
        let mut flows = Flows::default();
        for work in 0..MAX_WAITING {
            assert_eq!(flows.push(network(1), work), None);
        }
        assert_eq!(flows.push(network(1), 1_000), Some(1_000));
        assert_eq!(flows.push(network(2), 1_001), Some(MAX_WAITING - 1));
        assert_eq!(flows.len(), MAX_WAITING);
        assert_eq!(flows.pop(), Some(0));
        assert_eq!(flows.pop(), Some(1_001));
    }

    /// A8: if each of very many networks has one, a known device still gets in; another network must wait.
    #[test]
    fn a_known_device_gets_in_when_each_network_has_one() {
        let mut flows = Flows::default();
        let many = u32::try_from(MAX_WAITING).unwrap();
        for number in 0..many {
            assert_eq!(flows.push(network(number), number), None);
        }
        assert_eq!(flows.push(network(many), many), Some(many));
        assert_eq!(flows.push(account(), 1_000), Some(many - 1));
        // A second one of the same account is no better than the networks.
        let known = account();
        assert_eq!(flows.push(known, 1_001), Some(many - 2));
        assert_eq!(flows.push(known, 1_002), Some(1_002));
        assert_eq!(flows.len(), MAX_WAITING);
    }
}
