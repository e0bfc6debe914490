//! All pictures of a folder on one sheet.

use crate::{Failure, files, shrink};
use image::{DynamicImage, Rgb, RgbImage, imageops};

/// Width and height of a picture on the sheet, at most.
const PLACE: (u32, u32) = (144, 108);

/// Pixels between pictures.
const GAP: u32 = 8;

/// Puts the pictures of a folder side by side, in the order of their names, in about as many rows as columns.
pub(crate) fn sheet(folder: &str) -> Result<RgbImage, Failure> {
    let names = files::list(folder)?;
    let count = u32::try_from(names.len()).map_err(|error| error.to_string())?;
    if count == 0 {
        return Err(format!("{folder} holds no pictures"));
    }
    let columns = (1..).find(|side| side * side >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let side = |places: u32, place: u32| places * (place + GAP) + GAP;
    let (width, height) = (side(columns, PLACE.0), side(rows, PLACE.1));
    let mut sheet = RgbImage::from_pixel(width, height, Rgb([250, 249, 245]));
    for (index, name) in (0..).zip(&names) {
        let picture = DynamicImage::from(shrink(&format!("{folder}/{name}"))?);
        let picture = picture.thumbnail(PLACE.0, PLACE.1).into_rgb8();
        let middle = |at: u32, place: u32, length: u32| {
            i64::from(side(at, place) + (place - length) / 2)
        };
        let x = middle(index % columns, PLACE.0, picture.width());
        let y = middle(index / columns, PLACE.1, picture.height());
        imageops::replace(&mut sheet, &picture, x, y);
    }
    Ok(sheet)
}
