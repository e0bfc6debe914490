//! The rule by which results are compared.
//!
//! A result is agreed if as many workers as were asked for signed it, and more than signed any others together. If the job was
//! run on this machine, that result alone can be agreed: it needs no majority against those that differ from it.

use std::collections::BTreeMap;

use muster_compute::Digest;

/// The results of a job so far, by digest.
#[derive(Clone, Debug, Default)]
pub(super) struct Votes {
    /// The number of workers that signed each.
    counts: BTreeMap<Digest, usize>,
    /// The result of this machine.
    local: Option<Digest>,
}

impl Votes {
    /// The votes of some workers, and that of this machine if it ran the job.
    pub(super) fn new(votes: impl IntoIterator<Item = Digest>, local: Option<Digest>) -> Self {
        let mut counts = BTreeMap::new();
        for digest in votes {
            let count: &mut usize = counts.entry(digest).or_default();
            *count = count.saturating_add(1);
        }
        Self { counts, local }
    }

    /// The result that is believed: that of this machine, else the one that more workers signed than all others together.
    pub(super) fn leader(&self) -> Option<Digest> {
        let is_majority = |count: &usize| count.saturating_mul(2) > self.total();
        let majority = || self.counts.iter().find(|(_, count)| is_majority(count));
        self.local.or_else(|| majority().map(|(digest, _)| *digest))
    }

    /// The result that is agreed between this many workers.
    pub(super) fn agreed(&self, replicas: usize) -> Option<Digest> {
        self.leader().filter(|leader| self.count(leader) >= replicas)
    }

    /// The number of further workers that must answer, if all of them agree with the leading result.
    pub(super) fn missing(&self, replicas: usize) -> usize {
        let leading = match &self.local {
            Some(local) => self.count(local),
            None => self.counts.values().copied().max().unwrap_or_default(),
        };
        let few = replicas.saturating_sub(leading);
        if self.local.is_some() {
            return few;
        }
        // One more than all others together.
        let others = self.total().saturating_sub(leading);
        few.max(others.saturating_add(1).saturating_sub(leading))
    }

    /// Whether nobody has voted.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.local.is_none()
    }

    /// Whether workers signed different results, or another one than this machine has.
    pub(super) fn is_disputed(&self) -> bool {
        self.counts.len() > 1 || self.local.is_some_and(|local| self.count(&local) < self.total())
    }

    /// The number of workers that signed a result.
    fn count(&self, digest: &Digest) -> usize {
        self.counts.get(digest).copied().unwrap_or_default()
    }

    /// The number of workers that answered.
    fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Votes as characters, of which the capital ones are those of this machine.
    fn votes(text: &str) -> Votes {
        let digest = |c: char| Digest::of(&[u8::try_from(c.to_ascii_lowercase()).unwrap()]);
        let local = text.chars().find(char::is_ascii_uppercase).map(digest);
        Votes::new(text.chars().filter(char::is_ascii_lowercase).map(digest), local)
    }

    #[test]
    fn results_are_agreed_by_enough_workers_and_a_majority() {
        let table = [
            // votes, replicas, believed, agreed, missing
            ("", 2, None, false, 2),
            ("a", 1, Some("a"), true, 0),
            ("a", 2, Some("a"), false, 1),
            ("aa", 2, Some("a"), true, 0),
            ("ab", 2, None, false, 1),
            ("ab", 1, None, false, 1),
            ("aba", 2, Some("a"), true, 0),
            ("abab", 2, None, false, 1),
            ("aab", 3, Some("a"), false, 1),
            ("abc", 2, None, false, 2),
            ("A", 1, Some("a"), false, 1),
            ("aB", 1, Some("b"), false, 1),
            ("abB", 1, Some("b"), true, 0),
            ("aabB", 2, Some("b"), false, 1),
            ("aabbB", 2, Some("b"), true, 0),
        ];
        for (text, replicas, believed, agreed, missing) in table {
            let votes = votes(text);
            let believed = believed.map(|text: &str| Digest::of(text.as_bytes()));
            assert_eq!(votes.leader(), believed, "{text}");
            assert_eq!(votes.agreed(replicas), believed.filter(|_| agreed), "{text}");
            assert_eq!(votes.missing(replicas), missing, "{text}");
        }
    }

    #[test]
    fn different_results_are_a_dispute() {
        for (text, is_disputed) in
            [("", false), ("aa", false), ("aab", true), ("A", false), ("aA", false), ("aB", true)]
        {
            assert_eq!(votes(text).is_disputed(), is_disputed, "{text}");
            assert_eq!(votes(text).is_empty(), text.is_empty(), "{text}");
        }
    }
}
