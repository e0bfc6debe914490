//! The precompile that activates Stylus programs.

use alloy::primitives::{Address, address};
use alloy::sol;

/// The address of `ArbWasm`.
pub(crate) const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");

sol! {
    /// The precompile at [`ARB_WASM`].
    interface ArbWasm {
        /// The Stylus version that the program with this code hash is active for; reverts if it is not active.
        function codehashVersion(bytes32 codehash) external view returns (uint16 version);
        /// Activates a program, and returns what `dataFee` leaves of the value.
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        /// Seconds until a program expires; reverts if it cannot be called now.
        function programTimeLeft(address program) external view returns (uint64 timeLeft);
        /// Restarts the lifetime of programs with this code hash, and returns what the fee leaves of the value.
        function codehashKeepalive(bytes32 codehash) external payable;
        /// The fee is `want` wei.
        error ProgramInsufficientValue(uint256 have, uint256 want);
        /// A program of this age is too young for a keepalive.
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
    }
}
