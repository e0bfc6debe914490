//! The base fee: it follows the backlog, the gas used above the speed limit.
//!
//! Each block pays off the backlog by the time since its parent and then sets the base fee of the
//! block after it. Without constraints there is one backlog, and a tolerance below which the fee
//! stays at its minimum; with constraints each has a backlog of its own and no tolerance.

use std::sync::LazyLock;

use alloy::primitives::U256;

use super::{
    arbos::{ArbosStorage, Substorage},
    settings::Setting,
};

/// One, in basis points.
const ONE_BIPS: u64 = 10_000;

/// Degree of the polynomial that approximates the exponential function.
const EXP_DEGREE: u64 = 4;

/// Number of constraints whose slots are computed once; more are rare.
const USUAL_CONSTRAINTS: usize = 20;

/// A target of gas per second, and the backlog above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Constraint {
    /// Gas per second.
    pub(crate) target: u64,
    /// Seconds; the fee grows by a factor e per backlog of so many seconds.
    pub(crate) window: u64,
    /// Gas used above the target.
    pub(crate) backlog: u64,
}

impl Constraint {
    /// Exponent of the base fee, in basis points.
    fn exponent(&self) -> u64 {
        exponent(self.backlog, self.window, self.target)
    }
}

/// Slot of the number of constraints.
static LEN_SLOT: LazyLock<U256> = LazyLock::new(|| constraints_storage().at(0));

/// First slots of the usual constraints.
static FIRST_SLOTS: LazyLock<Vec<U256>> =
    LazyLock::new(|| (0..).map(first_slot).take(USUAL_CONSTRAINTS).collect());

/// Storage of all constraints: their number in word 0, each in a child.
fn constraints_storage() -> Substorage {
    Substorage::l2_pricing().child(&[0])
}

/// First slot of a constraint.
fn first_slot(index: u64) -> U256 {
    constraints_storage().child(&index.to_be_bytes()).at(0)
}

/// All constraints.
pub(crate) fn constraints(words: &mut dyn ArbosStorage) -> Vec<Constraint> {
    let len: u64 = words.word(*LEN_SLOT).saturating_to();
    (0..len).map(|index| load_constraint(words, index)).collect()
}

/// Replaces all constraints.
pub(crate) fn set_constraints(words: &mut dyn ArbosStorage, constraints: &[Constraint]) {
    words.set_word(*LEN_SLOT, U256::from(constraints.len()));
    for (index, constraint) in (0..).zip(constraints) {
        save_constraint(words, index, constraint);
    }
}

/// Reads a constraint.
fn load_constraint(words: &mut dyn ArbosStorage, index: u64) -> Constraint {
    let [target, window, backlog] =
        constraint_slots(index).map(|slot| words.word(slot).saturating_to());
    Constraint { target, window, backlog }
}

/// Writes a constraint.
fn save_constraint(words: &mut dyn ArbosStorage, index: u64, constraint: &Constraint) {
    let Constraint { target, window, backlog } = *constraint;
    for (slot, value) in constraint_slots(index).into_iter().zip([target, window, backlog]) {
        words.set_word(slot, U256::from(value));
    }
}

/// Slots of the target, the window and the backlog of a constraint.
fn constraint_slots(index: u64) -> [U256; 3] {
    let usual = usize::try_from(index).ok().and_then(|index| FIRST_SLOTS.get(index));
    let first = usual.copied().unwrap_or_else(|| first_slot(index));
    [0, 1, 2].map(|offset| first.wrapping_add(U256::from(offset)))
}

/// Starts a block, so many seconds after its parent: pays off backlog and sets the base fee of the
/// next block.
pub(crate) fn start_block(words: &mut dyn ArbosStorage, seconds: u64) {
    let mut constraints = constraints(words);
    let exponent = if constraints.is_empty() {
        let speed_limit = Setting::SpeedLimit.get(words).saturating_to::<u64>();
        let old: u64 = Setting::GasBacklog.get(words).saturating_to();
        let backlog = old.saturating_sub(seconds.saturating_mul(speed_limit));
        Setting::GasBacklog.set(words, U256::from(backlog));
        let tolerance: u64 = Setting::BacklogTolerance.get(words).saturating_to();
        let inertia: u64 = Setting::PricingInertia.get(words).saturating_to();
        let excess = backlog.saturating_sub(tolerance.saturating_mul(speed_limit));
        exponent(excess, inertia, speed_limit)
    } else {
        for (index, constraint) in (0..).zip(&mut constraints) {
            let paid_off = seconds.saturating_mul(constraint.target);
            if constraint.backlog > 0 && paid_off > 0 {
                constraint.backlog = constraint.backlog.saturating_sub(paid_off);
                save_constraint(words, index, constraint);
            }
        }
        constraints.iter().map(Constraint::exponent).fold(0, u64::saturating_add)
    };
    let minimum = Setting::MinBaseFee.get(words);
    Setting::BaseFee.set(words, multiply_bips(minimum, exp_bips(exponent)));
}

/// Adds the gas of a transaction, without that for data, to the backlog.
pub(crate) fn grow_backlog(words: &mut dyn ArbosStorage, gas: u64) {
    let constraints = constraints(words);
    if constraints.is_empty() {
        let backlog: u64 = Setting::GasBacklog.get(words).saturating_to();
        Setting::GasBacklog.set(words, U256::from(backlog.saturating_add(gas)));
    }
    for (index, constraint) in (0..).zip(&constraints) {
        let backlog = constraint.backlog.saturating_add(gas);
        save_constraint(words, index, &Constraint { backlog, ..*constraint });
    }
}

/// `backlog` over `seconds` of `target`, in whole basis points.
fn exponent(backlog: u64, seconds: u64, target: u64) -> u64 {
    let gas = seconds.saturating_mul(target);
    backlog.saturating_mul(ONE_BIPS).checked_div(gas).unwrap_or_default()
}

/// The exponential function, of and in basis points: a polynomial with rounding in each step.
fn exp_bips(exponent: u64) -> u64 {
    let last = exponent.checked_div(EXP_DEGREE).unwrap_or_default();
    let innermost = ONE_BIPS.saturating_add(last);
    (1..EXP_DEGREE).rev().fold(innermost, |sum, degree| {
        let divisor = degree.saturating_mul(ONE_BIPS);
        let term = sum.saturating_mul(exponent).checked_div(divisor).unwrap_or_default();
        ONE_BIPS.saturating_add(term)
    })
}

/// `value` times `bips`, rounded down.
fn multiply_bips(value: U256, bips: u64) -> U256 {
    let product = value.saturating_mul(U256::from(bips));
    product.checked_div(U256::from(ONE_BIPS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::hex;

    use super::*;

    #[test]
    fn constraints_are_where_every_arbitrum_chain_has_them() {
        // By Nitro's rule, computed apart from this code.
        let len = hex!("52232757544c763eb1c1511dc67b97f352c88a089b72a204b89e1c66fc278300");
        assert_eq!(*LEN_SLOT, U256::from_be_bytes(len));
        let backlog = hex!("b030e80be1d37b800ea9902aab7481a1eea35835f84698282506b483b7472102");
        assert_eq!(constraint_slots(1)[2], U256::from_be_bytes(backlog));
        let unusual = constraint_slots(25);
        assert_eq!(unusual[0], first_slot(25));
    }

    #[test]
    fn the_exponential_function_is_that_of_arbos() {
        // Recorded base fees at a minimum of 10 000.
        let known = [(0, 10_000), (1, 10_001), (5000, 16_484), (10_000, 27_083)];
        for (exponent, want) in known {
            assert_eq!(exp_bips(exponent), want, "{exponent}");
        }
    }
}
