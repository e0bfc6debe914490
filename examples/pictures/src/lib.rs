//! A program that works on pictures, made for jobs: `paint`, `shrink` and `sheet`. README.md says how to build and sell it.

mod files;
mod paint;
mod sheet;

use image::{ImageFormat, RgbImage, imageops::FilterType};
use std::io::Cursor;

/// What went wrong, for people.
type Failure = String;

/// Pixels of the longer side of a small picture.
const SMALL: u32 = 320;

/// How the program is called.
const USAGE: &str = "usage: pictures paint IN OUT | shrink IN OUT | sheet FOLDER OUT";

/// Where a command of WASI preview 1 begins.
#[unsafe(no_mangle)]
pub extern "C" fn _start() {
    std::panic::set_hook(Box::new(|panic| files::complain(&panic.to_string())));
    if let Err(failure) = run() {
        files::complain(&failure);
        files::exit(1);
    }
}

/// Obeys the arguments.
fn run() -> Result<(), Failure> {
    let arguments = files::arguments()?;
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let (picture, out) = match words.as_slice() {
        ["paint", from, out] => (paint::paint(&files::read(from)?)?, out),
        ["shrink", from, out] => (shrink(from)?, out),
        ["sheet", folder, out] => (sheet::sheet(folder)?, out),
        _ => return Err(USAGE.to_owned()),
    };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).map_err(|error| format!("{out}: {error}"))?;
    files::write(out, png.get_ref())
}

/// A picture from a PNG or JPEG file, no larger than a small one.
fn shrink(path: &str) -> Result<RgbImage, Failure> {
    let picture = image::load_from_memory(&files::read(path)?);
    let picture = picture.map_err(|error| format!("{path}: {error}"))?;
    let is_small = picture.width().max(picture.height()) <= SMALL;
    let small = if is_small { picture } else { picture.resize(SMALL, SMALL, FilterType::Lanczos3) };
    Ok(small.into_rgb8())
}
