//! Colours that can be read, made from one that was configured (WCAG 2.2 sections 1.4.3 and 1.4.11).

use crate::config::Colour;

/// The colours that depend on the brand, as CSS.
pub(super) fn css(accent: Colour) -> String {
    let on = readable(accent);
    let light = legible(accent, LIGHT);
    let dark = legible(accent, DARK);
    format!(
        ":root{{--accent:{accent};--on-accent:{on};--accent-text:{light}}}\
         @media(prefers-color-scheme:dark){{:root{{--accent-text:{dark}}}}}\n"
    )
}

/// Black or white, whichever is easier to read on `ground`.
pub(super) fn readable(ground: Colour) -> Colour {
    if contrast(WHITE, ground) >= contrast(BLACK, ground) { WHITE } else { BLACK }
}

/// `colour` itself, or as much darker or lighter as text on `ground` must be.
fn legible(colour: Colour, ground: Colour) -> Colour {
    let end = readable(ground);
    let steps = (0..=STEPS).map(|step| mix(colour, end, step));
    steps.into_iter().find(|mixed| contrast(*mixed, ground) >= LEAST).unwrap_or(end)
}

fn mix(from: Colour, to: Colour, step: u16) -> Colour {
    let part = |index: usize| {
        let (from, to) = (u16::from(from.0[index]), u16::from(to.0[index]));
        ((from * (STEPS - step) + to * step) / STEPS) as u8
    };
    Colour([part(0), part(1), part(2)])
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(Colour(channels): Colour) -> f64 {
    let [red, green, blue] = channels.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0x00; 3]);
/// The grounds of `style.css` that are hardest to write on.
const LIGHT: Colour = Colour([0xf4, 0xf5, 0xf7]);
const DARK: Colour = Colour([0x20, 0x24, 0x2a]);
/// The least contrast of text, with something to spare for rounding.
const LEAST: f64 = 4.6;
const STEPS: u16 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_colour_makes_readable_pages() {
        for number in (0..0x0100_0000_u32).step_by(4099) {
            let [_, red, green, blue] = number.to_be_bytes();
            let colour = Colour([red, green, blue]);
            assert!(contrast(readable(colour), colour) >= 4.5, "{colour}");
            for ground in [LIGHT, DARK] {
                assert!(contrast(legible(colour, ground), ground) >= 4.5, "{colour} on {ground}");
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays() {
        let blue = Colour([0x2b, 0x55, 0xc9]);
        assert_eq!(legible(blue, LIGHT), blue);
        assert_ne!(legible(blue, DARK), blue);
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("../../../assets/style.css");
        assert!(style.contains(&format!("--page: {LIGHT};")) && style.contains(&format!("--card: {DARK};")));
    }
}
