//! What is written is what alloy writes.

use stylus_sdk::alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use stylus_sdk::alloy_sol_types::SolValue;

use super::{Blob, List, Out, Put};

fn written(value: &impl Put) -> Vec<u8> {
    let mut out = Out::new();
    value.put(&mut out);
    out.bytes().to_vec()
}

#[test]
fn plain_values_are_one_word() {
    assert_eq!(written(&true), true.abi_encode());
    assert_eq!(written(&7_u16), 7_u16.abi_encode());
    assert_eq!(written(&u128::MAX), u128::MAX.abi_encode());
    let limbs = U256::from_limbs([1, 2, 3, 4]);
    assert_eq!(written(&limbs), limbs.abi_encode());
    assert_eq!(written(&Address::repeat_byte(5)), Address::repeat_byte(5).abi_encode());
    assert_eq!(written(&FixedBytes(*b"factors\0")), FixedBytes(*b"factors\0").abi_encode());
}

#[test]
fn arrays_stand_behind_the_values_around_them() {
    let (many, none) = (vec![B256::repeat_byte(1), B256::repeat_byte(2)], Vec::<B256>::new());
    let ours = written(&(9_u16, List(many.iter().copied()), 10_u16, List(none.iter().copied())));
    assert_eq!(ours, (9_u16, many, 10_u16, none).abi_encode_params());
}

#[test]
fn bytes_are_filled_up_to_a_word() {
    for len in [0, 1, 31, 32, 33, 550] {
        let bytes = Bytes::from(vec![7; len]);
        let ours = written(&(Blob(&bytes), 8_u16));
        assert_eq!(ours, (bytes, 8_u16).abi_encode_params(), "{len} bytes");
    }
}

#[test]
fn a_tuple_in_a_tuple_has_offsets_of_its_own() {
    let list = vec![1_u32, 2, 3];
    let ours = written(&((4_u16, List(list.iter().copied())),));
    assert_eq!(ours, ((4_u16, list),).abi_encode_params());
}

#[test]
fn what_does_not_fit_is_dropped() {
    let mut out = Out::new();
    for _ in 0..crate::CAPACITY {
        out.number(1);
    }
    assert!(out.bytes().is_empty(), "nothing of an answer that is not whole");
}
