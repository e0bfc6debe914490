//! Addresses of Arbitrum's precompiles.

use alloy::primitives::{Address, address};

use crate::state::arbos_version::ArbosVersion;

/// `ArbOwner`, which the set-up calls.
pub(crate) const ARB_OWNER: Address = address!("0000000000000000000000000000000000000070");

/// `ArbWasm`, which activates programs.
pub(crate) const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// `ArbDebug`, which makes any caller an owner of a dev chain.
pub(crate) const ARB_DEBUG: Address = address!("00000000000000000000000000000000000000ff");

/// `ArbFilteredTransactionsManager`, from ArbOS 60 on.
const ARB_FILTERED_TRANSACTIONS_MANAGER: Address = Address::with_last_byte(0x74);

/// Last bytes of the addresses of all precompiles that transactions can call since ArbOS 51.
const LOW_BYTES: [u8; 16] = [
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0xff,
];

/// Addresses of all precompiles that transactions can call.
pub(crate) fn addresses(arbos: ArbosVersion) -> impl Iterator<Item = Address> {
    let filter_manager = arbos.has_functions_of_60().then_some(ARB_FILTERED_TRANSACTIONS_MANAGER);
    LOW_BYTES.into_iter().map(Address::with_last_byte).chain(filter_manager)
}

/// Whether transactions can call a precompile of Arbitrum at `address`.
pub(super) fn is_callable(address: Address, arbos: ArbosVersion) -> bool {
    addresses(arbos).any(|known| known == address)
}

/// Address of `NodeInterface`.
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

/// Address of `NodeInterfaceDebug`.
pub(crate) const NODE_INTERFACE_DEBUG: Address = Address::with_last_byte(0xc9);

/// Whether the RPC server answers calls to this address itself.
pub(crate) fn is_node_interface(address: Address) -> bool {
    [NODE_INTERFACE, NODE_INTERFACE_DEBUG].contains(&address)
}
