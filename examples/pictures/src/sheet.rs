//! All pictures of a folder on one sheet.

use crate::{Failure, files, shrink};
use image::{Rgb, RgbImage, imageops};

/// Pixels of a place on the sheet, its edge included.
const PLACE: u32 = 176;

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
    let size = |places: u32| places * PLACE + GAP;
    let mut sheet = RgbImage::from_pixel(size(columns), size(rows), Rgb([250, 249, 245]));
    for (index, name) in (0..).zip(&names) {
        let picture = shrink(&format!("{folder}/{name}"))?;
        let side = PLACE - GAP;
        let picture = imageops::thumbnail(
            &picture,
            side * picture.width() / picture.width().max(picture.height()),
            side * picture.height() / picture.width().max(picture.height()),
        );
        let (column, row) = (index % columns, index / columns);
        let place = |at: u32, length: u32| i64::from(at * PLACE + GAP + (side - length) / 2);
        let (x, y) = (place(column, picture.width()), place(row, picture.height()));
        imageops::replace(&mut sheet, &picture, x, y);
    }
    Ok(sheet)
}
