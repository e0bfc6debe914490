//! A Julia set: the points whose steps of z² + c stay small, and how long the others take to leave.

use crate::Failure;
use image::{Rgb, RgbImage};

/// Width and height in pixels.
const SIZE: (u32, u32) = (960, 720);

/// The most steps of a point.
const STEPS: u32 = 400;

/// Points of each pixel, along both sides.
const FINE: u32 = 2;

/// Paints what a file of two numbers says: the real and the imaginary part of c.
pub(crate) fn paint(file: &[u8]) -> Result<RgbImage, Failure> {
    let text = std::str::from_utf8(file).map_err(|error| error.to_string())?;
    let numbers: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    let Ok(&[re, im]) = numbers.as_deref() else {
        return Err(format!("expected two numbers, such as -0.8 0.156, and got {}", text.trim()));
    };
    Ok(RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let mut sums = [0_u32; 3];
        for point in 0..FINE * FINE {
            let (dx, dy) = (point % FINE, point / FINE);
            let place = |pixel: u32, fine: u32, side: u32| {
                let all = f64::from(side * FINE);
                (f64::from(2 * (pixel * FINE + fine)) - all) / f64::from(SIZE.1 * FINE) * 1.4
            };
            let z = (place(x, dx, SIZE.0), place(y, dy, SIZE.1));
            for (sum, part) in sums.iter_mut().zip(color(steps(z, (re, im)))) {
                *sum += u32::from(part);
            }
        }
        Rgb(sums.map(|sum| u8::try_from(sum / (FINE * FINE)).unwrap_or(u8::MAX)))
    }))
}

/// How many steps a point takes to leave; `STEPS` if it stays.
fn steps((mut re, mut im): (f64, f64), c: (f64, f64)) -> u32 {
    for step in 0..STEPS {
        let (re2, im2) = (re * re, im * im);
        if re2 + im2 > 16.0 {
            return step;
        }
        (re, im) = (re2 - im2 + c.0, 2.0 * re * im + c.1);
    }
    STEPS
}

/// The color of a point: dark where it stays, and from blue over sand to white the longer it takes to leave.
fn color(steps: u32) -> [u8; 3] {
    if steps == STEPS {
        return [12, 14, 30];
    }
    const STOPS: [[u32; 3]; 5] =
        [[14, 26, 58], [32, 92, 138], [120, 180, 188], [240, 214, 160], [255, 252, 240]];
    // Square roots of small whole numbers are exact enough to be the same everywhere: IEEE 754 rounds them once.
    let along = (f64::from(steps) / 90.0).sqrt().min(0.999) * 4.0;
    let stop = along as usize;
    let part = ((along - stop as f64) * 256.0) as u32;
    let mix = |index: usize| (STOPS[stop][index] * (256 - part) + STOPS[stop + 1][index] * part) / 256;
    [0, 1, 2].map(|index| u8::try_from(mix(index)).unwrap_or(u8::MAX))
}
