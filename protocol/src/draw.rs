//! The draw: which places of a tester list hold the seats of a window.
//!
//! The draw is a pure function of the agreement's seed: anyone can compute it once the seed is known,
//! no one before. Every seat is filled, and no place holds two seats of one window.

use alloy_primitives::{Address, B256, FixedBytes};

use crate::{MAX_TESTERS, MAX_WINDOWS};

/// The most seats of a window.
#[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
pub const SEAT_CAPACITY: usize = MAX_TESTERS as usize;

/// The most windows of an agreement.
#[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
pub const WINDOW_CAPACITY: usize = MAX_WINDOWS as usize;

/// The hash preimage of one seat: seed ‖ window ‖ seat.
type Preimage = [u8; 24];

/// The seats of one window, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Places by seat; the first `len` count.
    places: [u32; SEAT_CAPACITY],
    /// Number of seats.
    len: usize,
}

impl Seats {
    /// The place of each seat in the tester list, in seat order.
    pub fn places(&self) -> impl Iterator<Item = u32> + Clone {
        self.places.iter().copied().take(self.len)
    }
}

/// Draws the seats of `window` in an agreement with this seed, `testers` seats in each window and a
/// tester list of `pool` places. `None` if `pool` is less than `testers`, or `testers` exceeds 15.
///
/// Seat j starts at place h mod (pool − j), where h is the first 8 bytes of
/// keccak256(seed ‖ window ‖ j). Then, for each place already drawn in this window in ascending order,
/// it moves up by one if it is at or above that place.
#[must_use]
pub fn draw_seats(
    seed: &[u8; 16],
    window: u32,
    testers: u8,
    pool: u32,
    keccak: impl Fn(&Preimage) -> [u8; 32],
) -> Option<Seats> {
    if testers > MAX_TESTERS {
        return None;
    }
    let mut seats = Seats { len: testers.into(), ..Seats::default() };
    let mut sorted = [u32::MAX; SEAT_CAPACITY];
    for (seat, to) in (0..u32::from(testers)).zip(seats.places.iter_mut()) {
        let free = u64::from(pool.checked_sub(seat)?);
        let hash = keccak(&preimage(seed, window, seat));
        let draw = u64::from_be_bytes(*hash.first_chunk()?).checked_rem(free)?;
        let mut place = u32::try_from(draw).ok()?;
        for taken in &sorted {
            if place >= *taken {
                place = place.wrapping_add(1); // stays below `pool`
            }
        }
        *to = place;
        // Insertion: the new place goes to its position, larger ones move up.
        for taken in &mut sorted {
            if place < *taken {
                core::mem::swap(taken, &mut place);
            }
        }
    }
    Some(seats)
}

/// The seed of an agreement: the first 16 bytes of keccak256(`hash` ‖ `agreement`), where `hash` is the
/// hash of the purchase's L2 block. It is unknown until the purchase is final.
#[must_use]
pub fn derive_seed(
    hash: &B256,
    agreement: Address,
    keccak: impl Fn(&[u8; 52]) -> [u8; 32],
) -> FixedBytes<16> {
    let mut preimage = [0; 52];
    for (to, from) in preimage.iter_mut().zip(hash.iter().chain(agreement.as_slice())) {
        *to = *from;
    }
    FixedBytes(keccak(&preimage).first_chunk().copied().unwrap_or_default())
}

/// The hash preimage of one seat.
fn preimage(seed: &[u8; 16], window: u32, seat: u32) -> Preimage {
    let mut bytes = [0; 24];
    if let Some(to) = bytes.first_chunk_mut() {
        *to = *seed;
    }
    if let Some(to) = bytes.last_chunk_mut() {
        *to = (u64::from(window).wrapping_shl(32) | u64::from(seat)).to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;

    /// A worked example, computed outside this crate; docs/rules.md shows its steps.
    #[test]
    fn five_seats_among_seven_places() {
        let seed = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let seats = draw_seats(&seed, 2, 5, 7, |bytes| keccak256(bytes).0).unwrap();
        assert!(seats.places().eq([3, 0, 6, 4, 2]));
    }

    #[test]
    fn a_list_as_long_as_the_window_is_drawn_out() {
        let seats = draw_seats(&[0; 16], 0, 3, 3, |_| [0; 32]).unwrap();
        assert!(seats.places().eq([0, 1, 2]));
    }

    #[test]
    fn too_short_a_list_and_too_many_seats_are_refused() {
        assert_eq!(draw_seats(&[0; 16], 0, 3, 2, |_| [0; 32]), None);
        assert_eq!(draw_seats(&[0; 16], 0, 16, 100, |_| [0; 32]), None);
        assert!(draw_seats(&[0; 16], 0, 15, 15, |_| [0xff; 32]).is_some());
    }

    #[test]
    fn no_testers_are_no_seats() {
        assert_eq!(draw_seats(&[0; 16], 0, 0, 0, |_| [0; 32]).unwrap().places().count(), 0);
    }
}
