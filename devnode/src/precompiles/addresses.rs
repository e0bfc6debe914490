//! Addresses of Arbitrum's precompiles.

use alloy::primitives::{Address, address};

/// `ArbOwner`, which the set-up calls.
pub(crate) const ARB_OWNER: Address = address!("0000000000000000000000000000000000000070");

/// `ArbWasm`, which activates programs.
pub(crate) const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// `ArbDebug`, which makes any caller an owner of a dev chain.
pub(crate) const ARB_DEBUG: Address = address!("00000000000000000000000000000000000000ff");

/// Last bytes of the addresses of all precompiles that transactions can call.
const LOW_BYTES: [u8; 16] = [
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0xff,
];

/// Addresses of all precompiles that transactions can call.
pub(crate) fn addresses() -> impl Iterator<Item = Address> {
    LOW_BYTES.into_iter().map(Address::with_last_byte)
}

/// Whether transactions can call a precompile of Arbitrum at `address`.
pub(super) fn is_callable(address: Address) -> bool {
    addresses().any(|known| known == address)
}

/// Address of `NodeInterface`.
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

/// Address of `NodeInterfaceDebug`.
pub(crate) const NODE_INTERFACE_DEBUG: Address = Address::with_last_byte(0xc9);

/// Whether the RPC server answers calls to this address itself.
pub(crate) fn is_node_interface(address: Address) -> bool {
    [NODE_INTERFACE, NODE_INTERFACE_DEBUG].contains(&address)
}
