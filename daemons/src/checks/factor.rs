//! Prime factors: the computation that the example service sells. No constant answers it.

use serde::{Deserialize, Serialize};

/// A number and its prime factors, in ascending order and with multiplicity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factors {
    /// The number.
    pub n: u64,
    /// Its prime factors; none for 0 and 1.
    pub factors: Vec<u64>,
}

/// Bases with which the Miller–Rabin test has no error below 2^64.
const WITNESSES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

impl Factors {
    /// The prime factors of a number.
    #[must_use]
    pub fn of(n: u64) -> Self {
        let mut factors = Vec::new();
        collect_factors(n, &mut factors);
        factors.sort_unstable();
        Self { n, factors }
    }

    /// Whether these are the prime factors of `n`: all are prime, and their product is `n`.
    #[must_use]
    pub fn is_factorization_of(&self, n: u64) -> bool {
        let product = self.factors.iter().try_fold(1_u64, |product, f| product.checked_mul(*f));
        self.n == n && product == Some(n.max(1)) && self.factors.iter().all(|f| is_prime(*f))
    }
}

/// Appends the prime factors of `n`, in any order.
fn collect_factors(n: u64, factors: &mut Vec<u64>) {
    if n < 2 {
        return;
    }
    if is_prime(n) {
        factors.push(n);
        return;
    }
    let divisor =
        WITNESSES.into_iter().find(|p| n.is_multiple_of(*p)).unwrap_or_else(|| divisor(n));
    collect_factors(divisor, factors);
    collect_factors(n.checked_div(divisor).unwrap_or(0), factors);
}

/// A divisor other than 1 and `n` of a composite `n` without small divisors (Pollard's rho).
fn divisor(n: u64) -> u64 {
    (1..n)
        .find_map(|step| {
            let next = |x: u64| add_mod(mul_mod(x, x, n), step, n);
            let (mut slow, mut fast, mut found) = (2, 2, 1);
            while found == 1 {
                slow = next(slow);
                fast = next(next(fast));
                found = gcd(slow.abs_diff(fast), n);
            }
            (found != n).then_some(found)
        })
        .unwrap_or(n)
}

/// Whether a number is prime (Miller–Rabin test).
fn is_prime(n: u64) -> bool {
    if n < 2 || WITNESSES.into_iter().any(|p| n != p && n.is_multiple_of(p)) {
        return false;
    }
    let even = n.saturating_sub(1);
    let twos = even.trailing_zeros();
    let odd = even.checked_shr(twos).unwrap_or(0);
    WITNESSES.into_iter().filter(|p| *p < n).all(|witness| {
        let mut x = pow_mod(witness, odd, n);
        if x == 1 || x == even {
            return true;
        }
        (1..twos).any(|_| {
            x = mul_mod(x, x, n);
            x == even
        })
    })
}

/// a · b mod n.
fn mul_mod(a: u64, b: u64, n: u64) -> u64 {
    // A product of two 64-bit numbers fits into 128 bits.
    let product = u128::from(a).wrapping_mul(b.into());
    product.checked_rem(n.into()).and_then(|rest| u64::try_from(rest).ok()).unwrap_or(0)
}

/// a + b mod n.
fn add_mod(a: u64, b: u64, n: u64) -> u64 {
    let sum = u128::from(a).wrapping_add(b.into());
    sum.checked_rem(n.into()).and_then(|rest| u64::try_from(rest).ok()).unwrap_or(0)
}

/// a to the power of e, mod n.
fn pow_mod(mut a: u64, mut e: u64, n: u64) -> u64 {
    let mut result = 1;
    while e > 0 {
        if e & 1 == 1 {
            result = mul_mod(result, a, n);
        }
        a = mul_mod(a, a, n);
        e >>= 1;
    }
    result
}

/// The greatest common divisor.
const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while let Some(rest) = a.checked_rem(b) {
        a = b;
        b = rest;
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{Factors, is_prime};

    #[test]
    fn small_numbers_agree_with_trial_division() {
        for n in 0..2_000_u64 {
            let prime = n >= 2 && (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
            assert_eq!(is_prime(n), prime, "{n}");
        }
    }

    #[test]
    fn large_numbers_are_factored() {
        let factors = |n| Factors::of(n).factors;
        assert!(factors(0).is_empty());
        assert!(factors(1).is_empty());
        assert_eq!(factors(u64::MAX), [3, 5, 17, 257, 641, 65_537, 6_700_417]);
        // The largest prime and the largest square of a prime below 2^64, and a strong pseudoprime.
        assert_eq!(factors(18_446_744_073_709_551_557), [18_446_744_073_709_551_557]);
        assert_eq!(factors(18_446_744_030_759_878_681), [4_294_967_291, 4_294_967_291]);
        assert_eq!(factors(3_215_031_751), [151, 751, 28_351]);
    }

    #[test]
    fn wrong_factors_are_rejected() {
        let claim =
            |n, factors: &[u64]| Factors { n, factors: factors.to_vec() }.is_factorization_of(12);
        assert!(claim(12, &[2, 2, 3]));
        assert!(!claim(12, &[3, 4]));
        assert!(!claim(12, &[2, 3]));
        assert!(!claim(12, &[12]));
        assert!(!claim(12, &[]));
        assert!(!claim(6, &[2, 3]));
        assert!(!claim(12, &[u64::MAX, u64::MAX]));
    }

    proptest! {
        #[test]
        fn factors_multiply_to_their_number(n: u64) {
            prop_assert!(Factors::of(n).is_factorization_of(n));
        }
    }
}
