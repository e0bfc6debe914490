//! Compares the encoding with alloy's.

use stylus_sdk::alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use stylus_sdk::alloy_sol_types::SolValue;

use super::{AbiArray, AbiBytes, AbiEncode, OutputBuffer};

fn encoded(value: &impl AbiEncode) -> Vec<u8> {
    let mut out = OutputBuffer::new();
    value.encode(&mut out);
    out.bytes().to_vec()
}

#[test]
fn static_values_are_one_word() {
    assert_eq!(encoded(&true), true.abi_encode());
    assert_eq!(encoded(&7_u16), 7_u16.abi_encode());
    assert_eq!(encoded(&u128::MAX), u128::MAX.abi_encode());
    let limbs = U256::from_limbs([1, 2, 3, 4]);
    assert_eq!(encoded(&limbs), limbs.abi_encode());
    assert_eq!(encoded(&Address::repeat_byte(5)), Address::repeat_byte(5).abi_encode());
    assert_eq!(encoded(&FixedBytes(*b"factors\0")), FixedBytes(*b"factors\0").abi_encode());
}

#[test]
fn arrays_are_encoded_in_the_tail() {
    let (many, none) = (vec![B256::repeat_byte(1), B256::repeat_byte(2)], Vec::<B256>::new());
    let ours =
        encoded(&(9_u16, AbiArray(many.iter().copied()), 10_u16, AbiArray(none.iter().copied())));
    assert_eq!(ours, (9_u16, many, 10_u16, none).abi_encode_params());
}

#[test]
fn bytes_are_padded_to_a_word() {
    for len in [0, 1, 31, 32, 33, 550] {
        let bytes = Bytes::from(vec![7; len]);
        let ours = encoded(&(AbiBytes(&bytes), 8_u16));
        assert_eq!(ours, (bytes, 8_u16).abi_encode_params(), "{len} bytes");
    }
}

#[test]
fn a_tuple_in_a_tuple_has_offsets_of_its_own() {
    let list = vec![1_u32, 2, 3];
    let ours = encoded(&((4_u16, AbiArray(list.iter().copied())),));
    assert_eq!(ours, ((4_u16, list),).abi_encode_params());
}

#[test]
fn an_overflow_leaves_no_bytes() {
    let mut out = OutputBuffer::new();
    for _ in 0..crate::OUTPUT_CAPACITY {
        out.push_number(1);
    }
    assert!(out.bytes().is_empty(), "a truncated value must not be returned");
}
