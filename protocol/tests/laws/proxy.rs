//! The account of an agreement, compared with the bytes of EIP-1167 and another implementation of CREATE2.

use alloy_primitives::{Address, B256, hex, keccak256};
use muster_protocol::layout::MAX_TERMS;
use muster_protocol::proxy::{
    MAX_CODE, MAX_INIT_CODE, PROXY_LEN, create2_address, init_code, terms_of_code,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The minimal proxy of EIP-1167, as the standard prints it.
fn standard(implementation: Address) -> Vec<u8> {
    let front = hex!("363d3d373d3d3d363d73");
    let back = hex!("5af43d82803e903d91602b57fd5bf3");
    [&front, implementation.as_slice(), &back].concat()
}

proptest! {
    #[test]
    fn an_agreement_is_a_minimal_proxy_with_its_terms_behind_it(
        implementation: [u8; 20], data in vec(any::<u8>(), 0..=MAX_TERMS),
    ) {
        let implementation = Address::new(implementation);
        let mut out = [0xee; MAX_INIT_CODE];
        let len = init_code(implementation, &data, &mut out);
        let (loader, code) = out[..len].split_at(MAX_INIT_CODE - MAX_CODE);
        prop_assert_eq!(code, [standard(implementation), data.clone()].concat());
        prop_assert_eq!(terms_of_code(code), Some(&data[..]));

        // PUSH2 length, DUP1, PUSH1 length of the loader, 0, CODECOPY, 0, RETURN. The zeros are
        // RETURNDATASIZE: no call has returned yet.
        let size = u16::try_from(code.len()).unwrap().to_be_bytes();
        prop_assert_eq!(loader, [&[0x61][..], &size, &[0x80, 0x60, 10, 0x3d, 0x39, 0x3d, 0xf3]].concat());
    }

    #[test]
    fn its_address_is_that_of_create2_with_salt_zero(creator: [u8; 20], hash: [u8; 32]) {
        let creator = Address::new(creator);
        let ours = create2_address(creator, &hash, |bytes| keccak256(bytes).0);
        prop_assert_eq!(ours, creator.create2(B256::ZERO, B256::from(hash)));
    }

    #[test]
    fn other_code_has_no_terms(mut code in vec(any::<u8>(), 0..=MAX_CODE), at in 0..10_usize) {
        prop_assert_eq!(terms_of_code(&code), None);
        let proxy = standard(Address::ZERO);
        code.splice(..code.len().min(PROXY_LEN), proxy.iter().copied());
        prop_assert!(terms_of_code(&code).is_some());
        code[at] ^= 1;
        prop_assert_eq!(terms_of_code(&code), None);
        prop_assert_eq!(terms_of_code(&proxy[..PROXY_LEN - 1]), None);
    }
}
