//! Macros that implement the encoding traits for the errors, events, structs and enums of a `sol!` block.
//!
//! Each entry lists the fields of one type in their order in Solidity. The macros use `stylus_sdk`, so the
//! crate that calls them must depend on it.

/// The 32 bytes of a hash as four big-endian limbs: constants in code, not in the data segment.
#[must_use]
pub const fn limbs(hash: &[u8; 32]) -> [u64; 4] {
    match hash.as_chunks().0 {
        [a, b, c, d] => [
            u64::from_be_bytes(*a),
            u64::from_be_bytes(*b),
            u64::from_be_bytes(*c),
            u64::from_be_bytes(*d),
        ],
        _ => [0; 4],
    }
}

/// Implements [`RevertReason`](crate::wire::RevertReason) for errors: name, then fields in order.
/// `abi_errors! { NotOwner { caller } TooLate { tick, last } }`.
#[macro_export]
macro_rules! abi_errors {
    ($($name:path { $($field:ident),* })*) => {$(
        impl $crate::wire::RevertReason for $name {
            fn write(&self, out: &mut $crate::output::OutputBuffer) {
                let selector = <Self as stylus_sdk::alloy_sol_types::SolError>::SELECTOR;
                out.push_bytes(&u32::from_be_bytes(selector).to_be_bytes());
                $($crate::AbiEncode::encode(&self.$field, out);)*
            }
        }
    )*};
}

/// Implements [`ContractEvent`](crate::wire::ContractEvent) for events: name, then indexed fields, then the
/// others, each in order. Fields must be static; use [`emit_parts`](crate::emit_parts) for arrays.
/// `abi_events! { Withdrawn [account to] [amount] }`.
#[macro_export]
macro_rules! abi_events {
    ($($name:path [$($topic:ident)*] [$($field:ident)*])*) => {$(
        impl $crate::wire::ContractEvent for $name {
            const TOPICS: usize = [stringify!($name) $(, stringify!($topic))*].len();

            fn write(&self, out: &mut $crate::output::OutputBuffer) {
                use stylus_sdk::alloy_sol_types::SolEvent;

                out.push_limbs(const { $crate::abi_macros::limbs(&Self::SIGNATURE_HASH.0) });
                $($crate::AbiEncode::encode(&self.$topic, out);)*
                $($crate::AbiEncode::encode(&self.$field, out);)*
            }
        }
    )*};
}

/// Implements [`AbiEncode`](crate::AbiEncode) and [`AbiDecode`](crate::AbiDecode) for structs of static fields:
/// name, then fields in order.
#[macro_export]
macro_rules! abi_structs {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl $crate::AbiEncode for $name {
            fn encode(&self, out: &mut $crate::output::OutputBuffer) {
                $($crate::AbiEncode::encode(&self.$field, out);)*
            }
        }

        impl $crate::AbiDecode for $name {
            fn decode(args: &mut $crate::Args) -> Result<Self, $crate::Reverted> {
                Ok(Self { $($field: args.next()?),* })
            }
        }
    )*};
}

/// Implements [`AbiEncode`](crate::AbiEncode) for enums, which are encoded as their number.
#[macro_export]
macro_rules! abi_enums {
    ($($name:ident)*) => {$(
        impl $crate::AbiEncode for $name {
            #[expect(clippy::as_conversions, reason = "an enum without fields")]
            fn encode(&self, out: &mut $crate::output::OutputBuffer) {
                $crate::AbiEncode::encode(&(*self as u8), out);
            }
        }
    )*};
}
