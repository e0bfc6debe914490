//! Stories of the market, told through its public interface on an embedded chain.

mod harness;
mod life;
