//! The exponential part of the price of wasm pages, as a table.

/// Accumulated exponential gas after `p` pages were open in a transaction.
///
/// Entry `p` is ⌊31 874 000^(p/128)⌋. The last one is 31 873 999, so that 128 pages cost 31 999 998
/// gas together with the linear part.
pub(crate) const PAGE_RAMP: [u32; 129] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 11, 12, 14, 17, 19, 22, 25, 29, 33, 38,
    43, 50, 57, 65, 75, 85, 98, 112, 128, 147, 168, 193, 221, 253, 289, 331, 379, 434, 497, 569,
    651, 745, 853, 976, 1117, 1279, 1463, 1675, 1917, 2194, 2511, 2874, 3290, 3765, 4309, 4932,
    5645, 6461, 7395, 8464, 9687, 11_087, 12_689, 14_523, 16_621, 19_024, 21_773, 24_919, 28_521,
    32_642, 37_359, 42_758, 48_938, 56_010, 64_104, 73_368, 83_971, 96_106, 109_994, 125_890,
    144_082, 164_904, 188_735, 216_010, 247_226, 282_953, 323_844, 370_643, 424_206, 485_509,
    555_672, 635_973, 727_880, 833_067, 953_456, 1_091_243, 1_248_941, 1_429_429, 1_636_000,
    1_872_423, 2_143_012, 2_452_704, 2_807_151, 3_212_820, 3_677_113, 4_208_502, 4_816_684,
    5_512_756, 6_309_419, 7_221_210, 8_264_766, 9_459_129, 10_826_093, 12_390_601, 14_181_199,
    16_230_562, 18_576_084, 21_260_563, 24_332_984, 27_849_408, 31_873_999,
];

#[cfg(test)]
mod tests {
    use alloy_primitives::Uint;

    use super::PAGE_RAMP;

    /// Wide enough for 31 874 000^128.
    type Wide = Uint<4096, 64>;

    #[test]
    fn every_entry_is_the_floor_of_the_root() {
        let power = |base: u32, exponent: usize| Wide::from(base).pow(Wide::from(exponent));
        for (pages, &gas) in PAGE_RAMP.iter().enumerate().take(128) {
            let exact = power(31_874_000, pages);
            assert!(power(gas, 128) <= exact && exact < power(gas + 1, 128), "{pages} pages");
        }
        assert_eq!(PAGE_RAMP[128], 31_873_999);
    }
}
