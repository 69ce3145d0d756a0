use plotters::element::{Circle, PathElement};
use plotters::style::{Color, RGBColor};

use super::{Area, GREY, GRID, INK, Line, OURS, Side, WIDTH, place, text, ticks};
use crate::statistics::{digits, grouped, short};

pub(super) const HEIGHT: u32 = 480;

/// Lines with their names at their right ends: no two differ by colour alone.
pub(super) fn draw(area: &Area<'_>, [x_unit, y_unit]: [&str; 2], [is_x_log, is_y_log]: [bool; 2], lines: &[Line]) {
    let points = || lines.iter().flat_map(|line| &line.points);
    let xs: Vec<f64> = lines.first().map(|line| line.points.iter().map(|point| point.0).collect()).unwrap_or_default();
    let x_range = [xs[0], xs[xs.len() - 1]];
    let least = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let marks = ticks(least, points().map(|point| point.1).fold(0.0, f64::max), is_y_log);
    let y_range = [marks[0], marks[marks.len() - 1]];
    let x = |value: f64| LEFT + (place(value, x_range, is_x_log) * f64::from(RIGHT - LEFT)) as i32;
    let y = |value: f64| FOOT - (place(value, y_range, is_y_log) * f64::from(FOOT - TOP)) as i32;
    for mark in &marks {
        area.draw(&PathElement::new([(LEFT, y(*mark)), (RIGHT, y(*mark))], GRID.stroke_width(1))).unwrap();
        text(area, &short(*mark), (LEFT - 8, y(*mark)), 12, GREY, Side::Right);
    }
    for value in &xs {
        area.draw(&PathElement::new([(x(*value), FOOT), (x(*value), FOOT + 5)], GREY.stroke_width(1))).unwrap();
        text(area, &grouped(&value.to_string()), (x(*value), FOOT + 15), 12, GREY, Side::Middle);
    }
    text(area, x_unit, ((LEFT + RIGHT) / 2, FOOT + 34), 13, INK, Side::Middle);
    text(area, y_unit, (20, TOP - 18), 13, INK, Side::Left);
    let names = spread(lines, &y);
    for (line, name_at) in lines.iter().zip(names) {
        let colour = COLOURS[line.colour % COLOURS.len()];
        let path: Vec<(i32, i32)> = line.points.iter().map(|point| (x(point.0), y(point.1))).collect();
        for point in &path {
            area.draw(&Circle::new(*point, 4, colour.filled())).unwrap();
        }
        let end = path[path.len() - 1];
        area.draw(&PathElement::new([end, (RIGHT + 14, name_at)], colour.mix(0.5).stroke_width(1))).unwrap();
        area.draw(&PathElement::new(path, colour.stroke_width(2))).unwrap();
        let last = line.points[line.points.len() - 1].1;
        text(area, &format!("{}: {}", line.name, digits(last)), (RIGHT + 18, name_at), 13, colour, Side::Left);
    }
}

/// Heights for the names at the ends of the lines, so that none lies on another.
fn spread(lines: &[Line], y: &impl Fn(f64) -> i32) -> Vec<i32> {
    let ends: Vec<i32> = lines.iter().map(|line| y(line.points[line.points.len() - 1].1)).collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|at| ends[*at]);
    let mut places = ends.clone();
    let mut above = TOP - NAME;
    for &at in &order {
        places[at] = ends[at].max(above + NAME);
        above = places[at];
    }
    // Pushed up again from the foot, where they were pushed below it.
    let mut below = FOOT + NAME;
    for &at in order.iter().rev() {
        places[at] = places[at].min(below - NAME);
        below = places[at];
    }
    places
}

const TOP: i32 = 70;
const FOOT: i32 = HEIGHT as i32 - 80;
const LEFT: i32 = 80;
const RIGHT: i32 = WIDTH as i32 - 250;
/// What a name takes.
const NAME: i32 = 18;
const COLOURS: [RGBColor; 4] =
    [OURS, RGBColor(0x1f, 0x4e, 0x9c), RGBColor(0xb4, 0x53, 0x09), RGBColor(0x8b, 0x1e, 0x5b)];
