//! Fixed-width records: storage words, and the terms in an agreement's code.
//!
//! Integers are little-endian, as wasm loads them: one instruction for each field instead of one for
//! each byte. Byte strings and addresses keep their byte order.

use alloy_primitives::{Address, FixedBytes};

/// A value with a fixed-width encoding.
pub trait Field: Copy {
    /// Reads the value from the `len` bytes of `bytes` at `at`; bytes past the end read as zero. Single
    /// bytes and byte strings have the width of their type and ignore `len`.
    fn read(bytes: &[u8], at: usize, len: usize) -> Self;
    /// Writes the lowest `len` bytes of the value at `at`; drops bytes past the end. Higher bytes of the
    /// value are lost: the caller must ensure that it fits.
    fn write(self, bytes: &mut [u8], at: usize, len: usize);
}

/// Implements [`Field`] for unsigned integers.
macro_rules! impl_field_for_integers {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            #[inline]
            fn read(bytes: &[u8], at: usize, len: usize) -> Self {
                let mut value = [0; size_of::<Self>()];
                for (to, from) in value.iter_mut().zip(bytes.iter().skip(at).take(len)) {
                    *to = *from;
                }
                Self::from_le_bytes(value)
            }

            #[inline]
            fn write(self, bytes: &mut [u8], at: usize, len: usize) {
                for (to, from) in bytes.iter_mut().skip(at).take(len).zip(self.to_le_bytes()) {
                    *to = from;
                }
            }
        }
    )*};
}

impl_field_for_integers!(u16, u32, u64, u128);

impl Field for u8 {
    #[inline]
    fn read(bytes: &[u8], at: usize, _: usize) -> Self {
        bytes.get(at).copied().unwrap_or(0)
    }

    #[inline]
    fn write(self, bytes: &mut [u8], at: usize, _: usize) {
        if let Some(byte) = bytes.get_mut(at) {
            *byte = self;
        }
    }
}

impl Field for bool {
    #[inline]
    fn read(bytes: &[u8], at: usize, len: usize) -> Self {
        u8::read(bytes, at, len) != 0
    }

    #[inline]
    fn write(self, bytes: &mut [u8], at: usize, len: usize) {
        u8::from(self).write(bytes, at, len);
    }
}

impl<const N: usize> Field for FixedBytes<N> {
    #[inline]
    fn read(bytes: &[u8], at: usize, _: usize) -> Self {
        let mut value = [0; N];
        for (to, from) in value.iter_mut().zip(bytes.iter().skip(at)) {
            *to = *from;
        }
        Self(value)
    }

    #[inline]
    fn write(self, bytes: &mut [u8], at: usize, _: usize) {
        for (to, from) in bytes.iter_mut().skip(at).zip(self.0) {
            *to = from;
        }
    }
}

impl Field for Address {
    #[inline]
    fn read(bytes: &[u8], at: usize, len: usize) -> Self {
        Self(FixedBytes::read(bytes, at, len))
    }

    #[inline]
    fn write(self, bytes: &mut [u8], at: usize, len: usize) {
        self.0.write(bytes, at, len);
    }
}

/// A record of `N` bytes. Its default has all fields zero, which are `N` zero bytes.
pub trait Packed<const N: usize>: Copy + Default {
    /// Reads the record.
    fn read(bytes: &[u8; N]) -> Self;
    /// Writes the record; the inverse of `read`.
    fn write(&self, bytes: &mut [u8; N]);
}

/// Declares a [`Packed`] record: fields in order, each with its width in bytes. `write` leaves bytes after
/// the last field unchanged.
///
/// Fields that do not fit into the record do not compile:
///
/// ```compile_fail
/// muster_protocol::packed! {
///     /// Five bytes in four.
///     struct Wide [4] {
///         /// Two of them.
///         two: u16 = 2,
///         /// Three more.
///         three: u32 = 3,
///     }
/// }
/// ```
#[macro_export]
macro_rules! packed {
    ($(#[$meta:meta])* $vis:vis struct $name:ident [$bytes:literal] {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty = $len:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis struct $name { $($(#[$field_meta])* $vis $field: $ty,)* }

        impl $name {
            /// Bytes of the record.
            $vis const BYTES: usize = $bytes;
        }

        impl $crate::packed::Packed<$bytes> for $name {
            fn read(bytes: &[u8; $bytes]) -> Self {
                const {
                    let width = 0 $(+ $len)*;
                    assert!(width <= $bytes, "fields are wider than the record");
                }
                let at = 0;
                $(
                    let $field = <$ty as $crate::packed::Field>::read(bytes, at, $len);
                    let at = at + $len;
                )*
                let _ = at;
                Self { $($field),* }
            }

            fn write(&self, bytes: &mut [u8; $bytes]) {
                let at = 0;
                $(
                    $crate::packed::Field::write(self.$field, bytes, at, $len);
                    let at = at + $len;
                )*
                let _ = at;
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    packed! {
        /// One field of each kind, and one unused byte.
        struct Sample [32] {
            /// A flag.
            flag: bool = 1,
            /// A byte.
            byte: u8 = 1,
            /// A number narrower than its type.
            number: u64 = 5,
            /// An account.
            account: Address = 20,
            /// A byte string.
            name: FixedBytes<4> = 4,
        }
    }

    #[test]
    fn fields_stand_in_order_with_the_lowest_byte_first() {
        let sample = Sample {
            flag: true,
            byte: 0xab,
            number: 0x01_0203_0405,
            account: address!("00112233445566778899aabbccddeeff01020304"),
            name: FixedBytes(*b"name"),
        };
        let mut bytes = [0xee; Sample::BYTES];
        sample.write(&mut bytes);
        assert_eq!(bytes[..7], [1, 0xab, 5, 4, 3, 2, 1]);
        assert_eq!(bytes[7..27], sample.account.0.0);
        assert_eq!(bytes[27..31], *b"name");
        assert_eq!(bytes[31], 0xee); // unused
        assert_eq!(Sample::read(&bytes), sample);
    }

    #[test]
    fn a_field_that_reaches_past_the_end_has_the_bytes_that_are_there() {
        let mut bytes = [0xaa, 0xbb];
        assert_eq!(u32::read(&bytes, 1, 4), 0xbb);
        assert_eq!(u8::read(&bytes, 2, 1), 0);
        assert_eq!(<FixedBytes<3>>::read(&bytes, 1, 3), FixedBytes([0xbb, 0, 0]));
        9_u8.write(&mut bytes, 2, 1);
        0x0102_u16.write(&mut bytes, 1, 2);
        assert_eq!(bytes, [0xaa, 2]);
    }

    #[test]
    fn any_byte_but_zero_is_true() {
        assert!(!bool::read(&[0], 0, 1));
        assert!(bool::read(&[1], 0, 1));
        assert!(bool::read(&[0x80], 0, 1));
    }
}
