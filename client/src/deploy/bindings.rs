//! The contracts that deployment calls, besides `ArbWasm`.

use alloy::primitives::{Address, address};
use alloy::sol;

/// The address of `ArbWasmCache`.
pub(super) const ARB_WASM_CACHE: Address = address!("0x0000000000000000000000000000000000000072");

/// The address of `StylusDeployer`, on chains that have it.
pub(super) const DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");

sol! {
    /// The precompile at [`ARB_WASM_CACHE`], which caches programs.
    interface ArbWasmCache {
        /// Whether the program with this code hash is in the cache.
        function codehashIsCached(bytes32 codehash) external view returns (bool);
        /// Puts a program into the cache; for cache managers and chain owners.
        function cacheProgram(address program) external;
    }

    /// The contract at [`DEPLOYER`], which creates, activates and constructs in one transaction.
    interface StylusDeployer {
        /// `deployedContract` is created, active and constructed.
        event ContractDeployed(address deployedContract);
        /// The constructor of `newContract` reverted with `error`.
        error ContractInitializationError(address newContract, bytes error);
        /// Creates from init code, activates if needed, calls with `initData` and `initValue` if there is any
        /// data, and returns the rest of the value.
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
    }
}
