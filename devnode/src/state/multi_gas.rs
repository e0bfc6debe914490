//! ArbOS's storage for constraints on several resources of gas. Since ArbOS 60.

use std::array;

use alloy::primitives::U256;

use super::arbos::{ArbosStorage, Substorage};

/// Number of resources, including the unknown one, which no constraint may name.
pub(crate) const RESOURCES: usize = 9;

/// Words of a constraint: target, window, backlog, the highest weight, weights.
const WORDS: usize = 4 + RESOURCES;

/// Maximum exponent of a fee, in basis points.
const MAX_EXPONENT: u128 = 85_000;

/// One, in basis points.
const ONE_IN_BIPS: u128 = 10_000;

/// A constraint: how much weighted gas per second the fees tolerate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constraint {
    /// Gas per second.
    pub(crate) target: u64,
    /// Seconds over which the fees adjust.
    pub(crate) window: u32,
    /// Gas above the target.
    pub(crate) backlog: u64,
    /// Weight of each resource.
    pub(crate) weights: [u64; RESOURCES],
}

/// Storage of all constraints: their number in word 0, each in a child.
fn storage() -> Substorage {
    Substorage::l2_pricing().child(&[1])
}

/// Storage of one constraint.
fn constraint_storage(index: u64) -> Substorage {
    storage().child(&index.to_be_bytes())
}

/// The slots of the words of one constraint.
fn slots(index: u64) -> [U256; WORDS] {
    let storage = constraint_storage(index);
    array::from_fn(|word| storage.slot(U256::from(word).into()))
}

/// Reads all constraints.
pub(crate) fn load(words: &mut dyn ArbosStorage) -> Vec<Constraint> {
    let len: u64 = words.word(storage().at(0)).saturating_to();
    let load_one = |index| {
        // The highest weight is not read.
        let [target, window, backlog, _, weights @ ..] = slots(index);
        Constraint {
            target: words.word(target).saturating_to(),
            window: words.word(window).saturating_to(),
            backlog: words.word(backlog).saturating_to(),
            weights: weights.map(|weight| words.word(weight).saturating_to()),
        }
    };
    (0..len).map(load_one).collect()
}

/// Replaces all constraints.
pub(crate) fn save(words: &mut dyn ArbosStorage, constraints: &[Constraint]) {
    words.set_word(storage().at(0), U256::from(constraints.len()));
    for (index, constraint) in (0..).zip(constraints) {
        let Constraint { target, window, backlog, weights } = *constraint;
        let fields = [target, window.into(), backlog, constraint.heaviest()];
        for (slot, field) in slots(index).into_iter().zip(fields.into_iter().chain(weights)) {
            words.set_word(slot, U256::from(field));
        }
    }
}

/// Whether the fee of any resource would be above its maximum.
pub(crate) fn exceed_maximum(constraints: &[Constraint]) -> bool {
    let exponent = |resource: usize| {
        constraints
            .iter()
            .map(|constraint| constraint.exponent(resource))
            .fold(0, u128::saturating_add)
    };
    (0..RESOURCES).any(|resource| exponent(resource) > MAX_EXPONENT)
}

impl Constraint {
    /// The highest weight.
    fn heaviest(&self) -> u64 {
        self.weights.iter().copied().max().unwrap_or_default()
    }

    /// What this constraint adds to the exponent of the fee of a resource, in basis points.
    fn exponent(&self, resource: usize) -> u128 {
        let weight = self.weights.get(resource).copied().unwrap_or_default();
        let divisor = u128::from(self.target)
            .saturating_mul(self.window.into())
            .saturating_mul(self.heaviest().into());
        let product =
            u128::from(self.backlog).saturating_mul(ONE_IN_BIPS).saturating_mul(weight.into());
        product.checked_div(divisor).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use alloy::primitives::hex;

    use super::*;

    #[test]
    fn constraints_are_stored_and_replaced() {
        let mut words = HashMap::new();
        let mut weights = [0; RESOURCES];
        weights[1] = 7;
        let first = Constraint { target: 1, window: 2, backlog: 3, weights };
        let second = Constraint { target: 4, ..first };
        save(&mut words, &[first, second]);
        assert_eq!(load(&mut words), [first, second]);
        // By Nitro's rule, computed apart from this code: a weight follows four other words.
        let slot = hex!("e683f81689f4a8b54ad67e89b3af083a7a32cfb0268cc42297bc5b295df03505");
        assert_eq!(words[&U256::from_be_bytes(slot)], U256::from(7));
        save(&mut words, &[second]);
        assert_eq!(load(&mut words), [second]);
    }

    #[test]
    fn exponents_of_a_resource_add_up_to_the_maximum() {
        let mut weights = [0; RESOURCES];
        (weights[1], weights[2]) = (1, 2);
        let half = Constraint { target: 10, window: 10, backlog: 425, weights };
        assert!(!exceed_maximum(&[half, half]));
        let more = Constraint { backlog: 426, ..half };
        assert!(exceed_maximum(&[half, more]), "85 100 basis points for resource 2");
        weights[2] = 0;
        let other = Constraint { weights, ..more };
        assert!(!exceed_maximum(&[half, other]), "of different resources");
    }
}
