//! The chain's own contracts that deployment and [`crate::keepalive`] speak to.

use alloy::primitives::{Address, address};
use alloy::sol;

/// Activates programs.
pub(crate) const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");

/// Keeps programs in the cache.
pub(crate) const ARB_WASM_CACHE: Address = address!("0x0000000000000000000000000000000000000072");

/// Creates, activates and constructs in one transaction, where it is deployed.
pub(crate) const DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

sol! {
    /// The precompile behind [`ARB_WASM`].
    interface ArbWasm {
        /// The version that the program with this code hash was activated for; reverts if it is not active.
        function codehashVersion(bytes32 codehash) external view returns (uint16 version);
        /// Activates a program; what `dataFee` leaves of the value comes back.
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        /// Seconds until a program cannot be called any longer; reverts if it cannot be now.
        function programTimeLeft(address program) external view returns (uint64 timeLeft);
        /// Lets the life of programs with this code hash begin anew; what the fee leaves of the value comes back.
        function codehashKeepalive(bytes32 codehash) external payable;
        /// `want` wei are the fee.
        error ProgramInsufficientValue(uint256 have, uint256 want);
        /// A program of this age needs no new life yet.
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
    }

    /// The precompile behind [`ARB_WASM_CACHE`].
    interface ArbWasmCache {
        /// Whether the program with this code hash is in the cache.
        function codehashIsCached(bytes32 codehash) external view returns (bool);
        /// Puts a program into the cache; for cache managers and chain owners.
        function cacheProgram(address program) external;
    }

    /// The contract at [`DEPLOYER`].
    interface StylusDeployer {
        /// `deployedContract` was created, is active, and was constructed.
        event ContractDeployed(address deployedContract);
        /// The constructor of `newContract` refused with `error`.
        error ContractInitializationError(address newContract, bytes error);
        /// Creates from init code, activates if that is needed, calls with `initData` and `initValue` if there
        /// is any data, and gives the rest of the value back.
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
    }
}
