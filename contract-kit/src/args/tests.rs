//! Strict decoding: every bit of a word is checked, and a revert names the word.

use muster_protocol::abi::IWorkerDispatcher::MalformedCall;
use stylus_sdk::alloy_primitives::{Address, Bytes, FixedBytes, U256};
use stylus_sdk::alloy_sol_types::{SolError, SolValue};

use super::{AbiDecode, Args, ArrayItems};
use crate::host;
use crate::wire::Reverted;

fn args(bytes: Vec<u8>) -> Args {
    Args::new(bytes.leak())
}

/// The word number in the revert, if any.
#[expect(clippy::needless_pass_by_value, reason = "callers pass temporaries")]
fn malformed_word<T>(result: Result<T, Reverted>) -> Option<u32> {
    let Err(Reverted) = result else { return None };
    host::with_output(|out| MalformedCall::abi_decode(out.bytes()).ok()).map(|error| error.word)
}

/// A word with one bit set, counted from the lowest.
fn bit(number: usize) -> Vec<u8> {
    U256::from(1).wrapping_shl(number).to_be_bytes_vec()
}

/// Decodes words with a single bit set: fails for each bit outside the type, succeeds for each bit inside.
fn accepts_only_bits<T: AbiDecode>(inside: core::ops::Range<usize>) {
    for number in 0..256 {
        let word = malformed_word(args(bit(number)).next::<T>());
        assert_eq!(word, if inside.contains(&number) { None } else { Some(0) }, "bit {number}");
    }
}

#[test]
fn a_bit_outside_the_type_reverts() {
    accepts_only_bits::<bool>(0..1);
    accepts_only_bits::<u8>(0..8);
    accepts_only_bits::<u16>(0..16);
    accepts_only_bits::<u32>(0..32);
    accepts_only_bits::<u64>(0..64);
    accepts_only_bits::<u128>(0..128);
    accepts_only_bits::<U256>(0..256);
    accepts_only_bits::<Address>(0..160);
    accepts_only_bits::<FixedBytes<8>>(192..256);
    accepts_only_bits::<FixedBytes<32>>(0..256);
}

#[test]
fn values_are_decoded_in_order() {
    let bytes = (7_u32, Address::repeat_byte(8), U256::MAX, true).abi_encode();
    let mut args = args(bytes);
    assert_eq!(args.next(), Ok(7_u32));
    assert_eq!(args.next(), Ok(Address::repeat_byte(8)));
    assert_eq!(args.next(), Ok(U256::MAX));
    assert_eq!(args.next(), Ok(true));
    assert_eq!(malformed_word(args.next::<u8>()), Some(4));
}

#[test]
fn calldata_that_ends_within_a_word_reverts() {
    let mut bytes = (1_u32, 2_u32).abi_encode();
    bytes.pop();
    let mut args = args(bytes);
    assert_eq!(args.next(), Ok(1_u32));
    assert_eq!(malformed_word(args.next::<u32>()), Some(1));
}

#[test]
fn arrays_are_decoded_at_their_offset() {
    let bytes = (vec![1_u32, 2, 3], 4_u32, vec![5_u32]).abi_encode_params();
    let mut args = args(bytes);
    let first: ArrayItems<u32> = args.array(3).unwrap();
    assert_eq!(args.next(), Ok(4_u32));
    let second: ArrayItems<u32> = args.array(3).unwrap();
    assert_eq!(first.len(), 3);
    assert_eq!(first.collect::<Result<Vec<_>, _>>(), Ok(vec![1, 2, 3]));
    assert_eq!(second.collect::<Result<Vec<_>, _>>(), Ok(vec![5]));
}

#[test]
fn an_array_over_its_limit_reverts_at_its_length() {
    let bytes = (vec![1_u32, 2, 3],).abi_encode_params();
    assert_eq!(malformed_word(args(bytes).array::<u32>(2)), Some(1));
}

#[test]
fn an_array_without_its_items_reverts_at_the_first_missing_one() {
    let mut bytes = (vec![1_u32, 2, 3],).abi_encode_params();
    bytes.truncate(4 * 32);
    let items: ArrayItems<u32> = args(bytes).array(3).unwrap();
    let read: Vec<_> = items.collect();
    assert_eq!(read[..2], [Ok(1), Ok(2)]);
    assert_eq!(malformed_word(read[2]), Some(4));
}

#[test]
fn an_offset_past_the_end_reverts() {
    let far = (U256::from(u32::MAX),).abi_encode();
    assert!(malformed_word(args(far).array::<u32>(8)).is_some());
    let beyond = (U256::from(1) << 32_u32,).abi_encode();
    assert_eq!(malformed_word(args(beyond).bytes(8)), Some(0));
}

#[test]
fn bytes_are_decoded_unchanged() {
    let blob = FixedBytes::<5>([1, 2, 3, 4, 5]);
    let bytes = (9_u32, Bytes::from(blob.to_vec())).abi_encode_params();
    let mut whole = args(bytes.clone());
    assert_eq!(whole.next(), Ok(9_u32));
    assert_eq!(whole.bytes(5), Ok(&blob.0[..]));
    let mut short = args(bytes);
    assert_eq!(short.next(), Ok(9_u32));
    assert_eq!(malformed_word(short.bytes(4)), Some(2));
}
