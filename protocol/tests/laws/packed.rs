//! Fields of records: reading returns what was written, and no other byte changes.

use alloy_primitives::{Address, FixedBytes};
use muster_protocol::packed::Field;
use proptest::prelude::*;

/// The bytes after writing a value at `at` over these bytes, and the value read back.
fn written<T: Field>(value: T, mut bytes: [u8; 64], at: usize, len: usize) -> ([u8; 64], T) {
    value.write(&mut bytes, at, len);
    (bytes, T::read(&bytes, at, len))
}

/// These bytes with `with` written over them at `at`.
fn over(mut bytes: [u8; 64], at: usize, with: &[u8]) -> [u8; 64] {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

proptest! {
    #[test]
    fn a_number_is_its_lowest_bytes_and_reads_back_as_those(
        value: u128, bytes in any::<[u8; 32]>(), at in 0..=32_usize, len in 1..=16_usize,
    ) {
        let bytes = over([0x5a; 64], 16, &bytes);
        let kept = value & (u128::MAX >> (128 - 8 * len));
        let expected = over(bytes, at, &value.to_le_bytes()[..len]);
        prop_assert_eq!(written(value, bytes, at, len), (expected, kept));
        if let Ok(kept) = u64::try_from(kept) && len <= 8 {
            prop_assert_eq!(written(kept, bytes, at, len), (expected, kept));
        }
        if let Ok(kept) = u32::try_from(kept) && len <= 4 {
            prop_assert_eq!(written(kept, bytes, at, len), (expected, kept));
        }
        if let Ok(kept) = u16::try_from(kept) && len <= 2 {
            prop_assert_eq!(written(kept, bytes, at, len), (expected, kept));
        }
        if let Ok(kept) = u8::try_from(kept) && len == 1 {
            prop_assert_eq!(written(kept, bytes, at, len), (expected, kept));
        }
    }

    #[test]
    fn bytes_accounts_and_flags_read_back_as_they_are(
        value: [u8; 20], flag: bool, bytes in any::<[u8; 32]>(), at in 0..=32_usize,
    ) {
        let bytes = over([0x5a; 64], 16, &bytes);
        let expected = over(bytes, at, &value);
        prop_assert_eq!(written(FixedBytes(value), bytes, at, 20), (expected, FixedBytes(value)));
        prop_assert_eq!(written(Address::new(value), bytes, at, 20), (expected, Address::new(value)));
        prop_assert_eq!(written(flag, bytes, at, 1), (over(bytes, at, &[u8::from(flag)]), flag));
    }
}
