//! The chain's settings for programs, and the prices that depend on nothing else.
//!
//! The chain stores the settings and lets its owner change them; [`Params::new`] has their initial
//! values.

use crate::{StylusVersion, evm_api::Pages, page_ramp::PAGE_RAMP};

/// Gas of one unit of [`Params::min_init_gas`].
const INIT_UNIT: u64 = 128;

/// Gas of one unit of [`Params::min_cached_gas`].
const CACHED_UNIT: u64 = 32;

/// Percent of one unit of [`Params::init_scalar`] and [`Params::cached_scalar`].
const SCALAR_UNIT: u64 = 2;

/// A chain's settings for Stylus programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Stylus version that programs must be activated for.
    pub version: StylusVersion,
    /// Ink per gas.
    pub ink_price: u32,
    /// Words of stack available to all frames of one program call together.
    pub max_stack_depth: u32,
    /// Pages of a transaction that are free.
    pub free_pages: u16,
    /// Gas per further page, before the exponential part.
    pub page_gas: u16,
    /// Maximum initial pages of a module.
    pub page_limit: u16,
    /// Minimum gas of an entry that is not cached, in units of 128.
    pub min_init_gas: u8,
    /// Minimum gas of any entry, in units of 32.
    pub min_cached_gas: u8,
    /// Scale of a module's `init_cost`, in units of two percent.
    pub init_scalar: u8,
    /// Scale of a module's `cached_cost`, in units of two percent.
    pub cached_scalar: u8,
    /// Days after which an activation expires.
    pub expiry_days: u16,
    /// Days after which an activation may be renewed.
    pub keepalive_days: u16,
    /// Recently called programs of a block that count as cached. This crate does not use it: a block
    /// belongs to the chain.
    pub block_cache_size: u16,
    /// Maximum size of decompressed wasm, in bytes.
    pub max_wasm_size: u32,
    /// Maximum number of fragments of a program.
    pub max_fragments: u8,
}

impl Default for Params {
    /// The initial values of the latest version.
    fn default() -> Self {
        Self::new(StylusVersion::default())
    }
}

impl Params {
    /// The initial values of a new chain with this version.
    #[must_use]
    pub const fn new(version: StylusVersion) -> Self {
        let (max_wasm_size, max_fragments) = match version {
            StylusVersion::V2 => (131_072, 0),
            StylusVersion::V3 => (262_144, 4),
        };
        Self {
            version,
            ink_price: 10_000,
            max_stack_depth: 22_000,
            free_pages: 2,
            page_gas: 1000,
            page_limit: 128,
            min_init_gas: 69,
            min_cached_gas: 11,
            init_scalar: 50,
            cached_scalar: 50,
            expiry_days: 365,
            keepalive_days: 31,
            block_cache_size: 32,
            max_wasm_size,
            max_fragments,
        }
    }

    /// Converts gas to ink; saturates at `u64::MAX`.
    #[must_use]
    pub fn ink(&self, gas: u64) -> u64 {
        gas.saturating_mul(self.ink_price.into())
    }

    /// Converts ink to whole gas, rounded down; zero while the ink price is zero.
    #[must_use]
    pub fn gas(&self, ink: u64) -> u64 {
        ink.checked_div(self.ink_price.into()).unwrap_or_default()
    }

    /// Gas to enter a cached program; an entry that is not cached pays it too.
    #[must_use]
    pub fn cached_gas(&self, cached_cost: u16) -> u64 {
        entry_price(self.min_cached_gas, CACHED_UNIT, cached_cost, self.cached_scalar)
    }

    /// Gas to enter a program that is not cached, on top of [`Params::cached_gas`].
    #[must_use]
    pub fn init_gas(&self, init_cost: u16) -> u64 {
        entry_price(self.min_init_gas, INIT_UNIT, init_cost, self.init_scalar)
    }

    /// Gas to enter a program, without its pages.
    #[must_use]
    pub fn entry_gas(&self, init_cost: u16, cached_cost: u16, cached: bool) -> u64 {
        let init = if cached { 0 } else { self.init_gas(init_cost) };
        self.cached_gas(cached_cost).saturating_add(init)
    }

    /// Whether all frames of a transaction together may have this many pages open.
    #[must_use]
    pub const fn allows_open_pages(&self, open: u16) -> bool {
        !self.version.limits_open_pages() || open <= self.page_limit
    }

    /// Gas to open `new` pages in a transaction that has used `pages`. More than 128 open pages
    /// cost `u64::MAX`.
    #[must_use]
    pub fn page_cost(&self, new: u16, pages: Pages) -> u64 {
        let open = pages.open.saturating_add(new);
        let ever = pages.ever.max(open);
        if ever <= self.free_pages {
            return 0;
        }
        let paid = |pages: u16| u64::from(pages.saturating_sub(self.free_pages));
        let linear =
            paid(open).saturating_sub(paid(pages.open)).saturating_mul(self.page_gas.into());
        linear.saturating_add(ramp_gas(ever).saturating_sub(ramp_gas(pages.ever)))
    }
}

/// A minimum in units plus a module's own scaled cost, rounded up.
fn entry_price(least: u8, unit: u64, cost: u16, scalar: u8) -> u64 {
    let weighted =
        u64::from(cost).saturating_mul(u64::from(scalar).saturating_mul(SCALAR_UNIT)).div_ceil(100);
    u64::from(least).saturating_mul(unit).saturating_add(weighted)
}

/// Accumulated exponential gas at `pages`.
fn ramp_gas(pages: u16) -> u64 {
    PAGE_RAMP.get(usize::from(pages)).map_or(u64::MAX, |&gas| gas.into())
}

/// Minimum gas of a program call with `len` bytes of output: the EVM's cost of memory of that size.
#[must_use]
pub fn return_data_cost(len: usize) -> u64 {
    let words = u64::try_from(len.div_ceil(32)).unwrap_or(u64::MAX);
    let square = words.saturating_mul(words).checked_div(512).unwrap_or_default();
    words.saturating_mul(3).saturating_add(square)
}

#[cfg(test)]
mod tests {
    use super::{Pages, Params, return_data_cost};

    /// Gas to open `new` pages while `open` pages are open and were the maximum so far.
    fn cost(new: u16, open: u16) -> u64 {
        Params::default().page_cost(new, Pages { open, ever: open })
    }

    #[test]
    fn growth_to_the_limit_costs_the_same_in_any_steps() {
        for step in [1, 2, 8, 64, 128] {
            let steps = (0..128).step_by(step.into()).map(|open| cost(step, open));
            assert_eq!(steps.sum::<u64>(), 31_999_998, "steps of {step}");
        }
    }

    #[test]
    fn pages_beyond_the_limit_cost_everything() {
        assert_eq!(cost(129, 0), u64::MAX);
        assert_eq!(Params::default().ink(cost(1, 128)), u64::MAX);
    }

    #[test]
    fn the_ramp_is_paid_once_in_a_transaction() {
        let closed = Pages { open: 0, ever: 100 };
        assert_eq!(Params::default().page_cost(100, closed), 98_000);
    }

    #[test]
    fn free_pages_cost_nothing() {
        assert_eq!(cost(2, 0), 0);
        assert_eq!(cost(1, 2), 1000);
    }

    #[test]
    fn an_entry_costs_the_minimum_and_the_modules_own() {
        let params = Params::default();
        assert_eq!(params.entry_gas(0, 0, true), 352);
        assert_eq!(params.entry_gas(0, 0, false), 352 + 8832);
        assert_eq!(params.entry_gas(20, 10, false), 352 + 10 + 8832 + 20);
    }

    #[test]
    fn weights_of_an_entry_round_up() {
        let params = Params { init_scalar: 1, cached_scalar: 26, ..Params::default() };
        assert_eq!(params.init_gas(1), 8832 + 1);
        assert_eq!(params.cached_gas(100), 352 + 52);
    }

    #[test]
    fn ink_saturates_and_gas_rounds_down() {
        let params = Params::default();
        assert_eq!(params.ink(3), 30_000);
        assert_eq!(params.ink(u64::MAX), u64::MAX);
        assert_eq!(params.gas(29_999), 2);
    }

    #[test]
    fn output_costs_what_memory_of_the_evm_costs() {
        assert_eq!(return_data_cost(0), 0);
        assert_eq!(return_data_cost(1), 3);
        assert_eq!(return_data_cost(32 * 1024), 3 * 1024 + 2048);
    }
}
