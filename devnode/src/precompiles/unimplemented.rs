//! Precompile functions of every version of ArbOS that this chain does not implement. A message that calls one is
//! aborted, because any answer could be wrong.

use alloy::{primitives::Address, sol};

sol! {
    interface ArbStatistics {
        function getStats() external;
    }

    interface ArbOwner {
        function setChainConfig(string config) external;
        function setCalldataPriceIncrease(bool enable) external;
    }

    interface ArbNativeTokenManager {
        function mintNativeToken(uint256 amount) external;
        function burnNativeToken(uint256 amount) external;
    }

    interface ArbDebug {
        function panic() external;
        function legacyError() external;
    }
}

/// A function that Nitro implements and this chain does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{precompile}.{function} is not implemented by the dev chain")]
pub(crate) struct Unimplemented {
    /// Name of the precompile.
    pub(super) precompile: &'static str,
    /// Name of the function.
    pub(super) function: &'static str,
}

/// The unimplemented function that a call of `address` with `input` names, if any.
pub(super) fn find_unimplemented(address: Address, input: &[u8]) -> Option<Unimplemented> {
    let &selector = input.first_chunk()?;
    let (precompile, function) = match address.0.0.last()? {
        0x6f => ("ArbStatistics", ArbStatistics::ArbStatisticsCalls::name_by_selector(selector)),
        0x70 => ("ArbOwner", ArbOwner::ArbOwnerCalls::name_by_selector(selector)),
        0x73 => (
            "ArbNativeTokenManager",
            ArbNativeTokenManager::ArbNativeTokenManagerCalls::name_by_selector(selector),
        ),
        0xff => ("ArbDebug", ArbDebug::ArbDebugCalls::name_by_selector(selector)),
        _ => return None,
    };
    Some(Unimplemented { precompile, function: function? })
}
