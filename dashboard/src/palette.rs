//! The colours: a palette for light and one for dark, from which the style sheet's variables are made.

use std::fmt::Write;

/// A colour and its name in the style sheet.
type Color = (&'static str, &'static str);

/// The colours where the reader's system is light.
const LIGHT: [Color; 22] = [
    ("background", "#ffffff"),
    ("surface", "#f4f6f8"),
    ("text", "#16191d"),
    ("muted", "#4f5862"),
    ("link", "#0a54a8"),
    ("line", "#d3d8de"),
    ("control", "#6b7580"),
    ("button", "#0a54a8"),
    ("on-button", "#ffffff"),
    ("warning", "#fff4d6"),
    ("on-warning", "#4d3600"),
    ("chart", "#0a6ebd"),
    ("band", "#a9cdf0"),
    ("good-chart", "#1b7a3d"),
    ("bad-chart", "#b3261e"),
    ("share-full", "#1b7a3d"),
    ("on-share-full", "#ffffff"),
    ("share-part", "#f2d27a"),
    ("on-share-part", "#3a2a00"),
    ("share-none", "#a3211a"),
    ("on-share-none", "#ffffff"),
    ("focus", "#0a54a8"),
];

/// The colours where the reader's system is dark.
const DARK: [Color; 22] = [
    ("background", "#14171a"),
    ("surface", "#1e2226"),
    ("text", "#e8eaed"),
    ("muted", "#aab2bb"),
    ("link", "#86bdff"),
    ("line", "#343a41"),
    ("control", "#838d98"),
    ("button", "#86bdff"),
    ("on-button", "#0b1420"),
    ("warning", "#3a2d0c"),
    ("on-warning", "#ffe2a0"),
    ("chart", "#6fb1f5"),
    ("band", "#2c4f73"),
    ("good-chart", "#5cc584"),
    ("bad-chart", "#ff8a80"),
    ("share-full", "#2f8f55"),
    ("on-share-full", "#000000"),
    ("share-part", "#d9b04a"),
    ("on-share-part", "#1d1500"),
    ("share-none", "#e0675d"),
    ("on-share-none", "#000000"),
    ("focus", "#86bdff"),
];

/// The variables of the style sheet.
pub(crate) fn css_variables() -> String {
    let mut css = String::new();
    let mut block = |open: &str, colors: &[Color], close: &str| {
        css.push_str(open);
        for (name, color) in colors {
            // Writing to a text does not fail.
            let _ = write!(css, "--{name}:{color};");
        }
        css.push_str(close);
    };
    block(":root{color-scheme:light dark;", &LIGHT, "}\n");
    block("@media (prefers-color-scheme:dark){:root{", &DARK, "}}\n");
    css
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::float_arithmetic,
        clippy::arithmetic_side_effects,
        reason = "the formula of WCAG 2.2"
    )]

    use super::*;

    /// Texts on their grounds need 4.5 to 1 (success criterion 1.4.3).
    const TEXTS: [(&str, &str); 17] = [
        ("text", "background"),
        ("text", "surface"),
        ("muted", "background"),
        ("muted", "surface"),
        ("link", "background"),
        ("link", "surface"),
        ("on-button", "button"),
        ("on-warning", "warning"),
        ("on-share-full", "share-full"),
        ("on-share-part", "share-part"),
        ("on-share-none", "share-none"),
        ("chart", "background"),
        ("chart", "surface"),
        ("good-chart", "background"),
        ("good-chart", "surface"),
        ("bad-chart", "background"),
        ("bad-chart", "surface"),
    ];

    /// Controls and what a chart is read by need 3 to 1 (success criterion 1.4.11).
    const PARTS: [(&str, &str); 6] = [
        ("control", "background"),
        ("control", "surface"),
        ("focus", "background"),
        ("focus", "surface"),
        ("chart", "band"),
        ("button", "surface"),
    ];

    /// The relative luminance of a colour such as #ffffff.
    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    /// The contrast of two colours, from 1 to 21.
    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn the_formula_is_that_of_the_standard() {
        assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 1e-9);
        assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.005);
    }

    #[test]
    fn every_pair_of_colours_has_enough_contrast_in_light_and_dark() {
        for (scheme, colors) in [("light", LIGHT), ("dark", DARK)] {
            let color = |name: &str| colors.iter().find(|(other, _)| *other == name).unwrap().1;
            for (pairs, least) in [(TEXTS.as_slice(), 4.5), (PARTS.as_slice(), 3.0)] {
                for (one, other) in pairs {
                    let found = contrast(color(one), color(other));
                    assert!(found >= least, "{scheme}: {one} on {other} has {found:.2}");
                }
            }
        }
    }

    #[test]
    fn light_and_dark_have_the_same_names_and_each_is_used() {
        let names = |colors: [Color; 22]| colors.map(|(name, _)| name);
        assert_eq!(names(LIGHT), names(DARK));
        for (name, _) in LIGHT {
            let used = crate::assets::STYLE.contains(&format!("var(--{name})"));
            assert!(used, "{name} is not used in the style sheet");
        }
    }
}
