//! Plots as SVG: on white, so that they read the same on light and dark pages, and labelled where the eye is.

mod bars;
mod lines;

use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, IntoFont, RGBColor, TextStyle, WHITE};
use serde::{Deserialize, Serialize};

/// What a plot shows.
#[derive(Serialize, Deserialize)]
pub(crate) enum Chart {
    /// A panel for each group, a bar for each name.
    Bars { file: String, title: String, unit: String, is_logarithmic: bool, panels: Vec<Panel> },
    /// A line for each name.
    Lines {
        file: String,
        title: String,
        x: String,
        y: String,
        is_x_logarithmic: bool,
        is_y_logarithmic: bool,
        lines: Vec<Line>,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) is_ours: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// 0: what stands for the project; others by number, the same in all plots of a page.
    pub(crate) colour: usize,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart {
    /// The name of its file, without extension.
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Bars { file, .. } | Self::Lines { file, .. } => file,
        }
    }

    pub(crate) fn title(&self) -> &str {
        match self {
            Self::Bars { title, .. } | Self::Lines { title, .. } => title,
        }
    }

    /// Draws it into a folder; `under` is the line at its foot.
    pub(crate) fn draw(&self, folder: &Path, under: &str) {
        let path = folder.join(format!("{}.svg", self.file()));
        {
            let height = match self {
                Self::Bars { panels, .. } => bars::height(panels),
                Self::Lines { .. } => lines::HEIGHT,
            };
            let area = SVGBackend::new(&path, (WIDTH, height)).into_drawing_area();
            area.fill(&WHITE).unwrap();
            text(&area, self.title(), (20, 16), 20, INK, Side::Left);
            text(&area, under, (20, height as i32 - 18), 12, GREY, Side::Left);
            match self {
                Self::Bars { unit, is_logarithmic, panels, .. } => bars::draw(&area, unit, *is_logarithmic, panels),
                Self::Lines { x, y, is_x_logarithmic, is_y_logarithmic, lines, .. } => {
                    lines::draw(&area, [x, y], [*is_x_logarithmic, *is_y_logarithmic], lines);
                }
            }
            area.present().unwrap();
        }
        let svg = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, svg.trim_end().to_owned() + "\n").unwrap();
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Middle,
    Right,
}

/// Writes text, its middle at the height of the point, and to the side that is named.
fn text(area: &Area<'_>, text: &str, at: (i32, i32), size: i32, colour: RGBColor, side: Side) {
    let anchor = match side {
        Side::Left => HPos::Left,
        Side::Middle => HPos::Center,
        Side::Right => HPos::Right,
    };
    let style = if size >= 14 { FontStyle::Bold } else { FontStyle::Normal };
    let style = TextStyle::from(("sans-serif", size).into_font().style(style)).color(&colour);
    area.draw_text(text, &style.pos(Pos::new(anchor, VPos::Center)), at).unwrap();
}

/// Where a value lies between two others.
fn place(value: f64, [from, to]: [f64; 2], is_logarithmic: bool) -> f64 {
    match is_logarithmic {
        true => (value.ln() - from.ln()) / (to.ln() - from.ln()),
        false => (value - from) / (to - from),
    }
}

/// Round values from `from` to the first that is not below `most`.
fn ticks(from: f64, most: f64, is_logarithmic: bool) -> Vec<f64> {
    if is_logarithmic {
        let (first, last) = (from.log10().floor() as i32, most.log10().ceil() as i32);
        return (first..=last).map(|power| 10f64.powi(power)).collect();
    }
    let rough = most / 5.0;
    let unit = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|times| times * unit).find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    (0..=(most / step).ceil() as i32).map(|count| f64::from(count) * step).collect()
}

const WIDTH: u32 = 860;
const INK: RGBColor = RGBColor(0x1f, 0x29, 0x33);
const GREY: RGBColor = RGBColor(0x5f, 0x6b, 0x76);
const GRID: RGBColor = RGBColor(0xe1, 0xe5, 0xe9);
/// What is the project's own.
const OURS: RGBColor = RGBColor(0x0b, 0x6e, 0x4f);
const OTHERS: RGBColor = RGBColor(0x8a, 0x97, 0xa5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_all() {
        assert_eq!(ticks(0.0, 47.0, false), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(ticks(0.3, 47.0, true), [0.1, 1.0, 10.0, 100.0]);
    }

    #[test]
    fn a_plot_is_written_and_ends_with_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let bar = |name: &str, value| Bar { name: name.to_owned(), value, is_ours: false };
        let panels = vec![Panel { title: "EdDSA".to_owned(), bars: vec![bar("a", 1.0), bar("b", 500.0)] }];
        let bars = Chart::Bars {
            file: "bars".to_owned(),
            title: "Bars".to_owned(),
            unit: "us".to_owned(),
            is_logarithmic: true,
            panels,
        };
        let line = |name: &str| Line { name: name.to_owned(), points: vec![(1.0, 2.0), (10.0, 3.0)], colour: 0 };
        let lines = Chart::Lines {
            file: "lines".to_owned(),
            title: "Lines".to_owned(),
            x: "users".to_owned(),
            y: "ms".to_owned(),
            is_x_logarithmic: true,
            is_y_logarithmic: false,
            lines: vec![line("a"), line("b")],
        };
        for chart in [bars, lines] {
            chart.draw(folder.path(), "a machine");
            let svg = std::fs::read_to_string(folder.path().join(format!("{}.svg", chart.file()))).unwrap();
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains("a machine"), "{svg}");
        }
    }
}
