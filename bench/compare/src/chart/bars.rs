use plotters::element::{PathElement, Rectangle};
use plotters::style::Color;

use super::{Area, GREY, GRID, INK, OTHERS, OURS, Panel, Side, WIDTH, place, text, ticks};
use crate::statistics::{digits, short};

/// Of all panels, one under the other.
pub(super) fn height(panels: &[Panel]) -> u32 {
    TOP as u32 + panels.iter().map(panel_height).sum::<u32>() + 70
}

pub(super) fn draw(area: &Area<'_>, unit: &str, is_logarithmic: bool, panels: &[Panel]) {
    let values = || panels.iter().flat_map(|panel| &panel.bars).map(|bar| bar.value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let marks = ticks(least, most, is_logarithmic);
    let range = [marks[0], marks[marks.len() - 1]];
    let x = |value: f64| LEFT + (place(value, range, is_logarithmic) * f64::from(RIGHT - LEFT)) as i32;
    let foot = TOP + panels.iter().map(panel_height).sum::<u32>() as i32;
    for mark in &marks {
        area.draw(&PathElement::new([(x(*mark), TOP), (x(*mark), foot)], GRID.stroke_width(1))).unwrap();
        text(area, &short(*mark), (x(*mark), foot + 12), 12, GREY, Side::Middle);
    }
    text(area, unit, ((LEFT + RIGHT) / 2, foot + 30), 13, INK, Side::Middle);
    let mut y = TOP;
    for panel in panels {
        if !panel.title.is_empty() {
            text(area, &panel.title, (20, y + HEAD / 2 + 4), 15, INK, Side::Left);
            y += HEAD;
        }
        for bar in &panel.bars {
            let colour = if bar.is_ours { OURS } else { OTHERS };
            let middle = y + ROW / 2;
            let corners = [(LEFT, middle - 7), (x(bar.value).max(LEFT + 1), middle + 7)];
            area.draw(&Rectangle::new(corners, colour.filled())).unwrap();
            let ink = if bar.is_ours { OURS } else { INK };
            text(area, &bar.name, (LEFT - 8, middle), 13, ink, Side::Right);
            text(area, &digits(bar.value), (x(bar.value) + 6, middle), 13, ink, Side::Left);
            y += ROW;
        }
        y += GAP;
    }
}

fn panel_height(panel: &Panel) -> u32 {
    let head = if panel.title.is_empty() { 0 } else { HEAD };
    (head + GAP + ROW * panel.bars.len() as i32) as u32
}

const TOP: i32 = 40;
const LEFT: i32 = 230;
const RIGHT: i32 = WIDTH as i32 - 90;
const ROW: i32 = 20;
const HEAD: i32 = 26;
const GAP: i32 = 8;
