//! The curve of what was signed when, as a drawing of lines.

use super::html::{Attr, Html};
use super::model::Point;
use crate::plan::todo::Coverage;
use crate::shell::report::day;

const WIDTH: i32 = 720;
const HEIGHT: i32 = 280;
const LEFT: i32 = 72;
const RIGHT: i32 = 16;
const TOP: i32 = 14;
const BOTTOM: i32 = 36;

/// Draws the points, the oldest first; two at least.
pub fn draw(html: &mut Html, points: &[Point]) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let span = last.time.saturating_sub(first.time);
    let wide = i64::from(WIDTH - LEFT - RIGHT);
    let steps = i64::try_from(points.len().saturating_sub(1)).unwrap_or(1);
    let x = |at: usize, time: i64| {
        let (part, whole) = match span {
            // All in one second, or with times that go back: at even distances.
            ..=0 => (i64::try_from(at).unwrap_or(0), steps.max(1)),
            span => (time.saturating_sub(first.time).clamp(0, span), span),
        };
        let along = i128::from(part) * i128::from(wide) / i128::from(whole);
        LEFT + i32::try_from(along).unwrap_or(0)
    };
    let y = |permille: usize| {
        let part = i32::try_from(permille.min(1000)).unwrap_or(1000);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part / 1000
    };
    let permille = |part: usize, of: usize| part.saturating_mul(1000).checked_div(of).unwrap_or(0);
    let line = |of: &dyn Fn(&Coverage) -> (usize, usize)| -> Vec<(i32, i32)> {
        let all = points.iter().enumerate();
        let placed = all.map(|(at, point)| {
            let (part, whole) = of(&point.signed);
            (x(at, point.time), y(permille(part, whole)))
        });
        placed.collect()
    };
    let packages = line(&|of| (of.signed_packages, of.packages));
    let releases = line(&|of| (of.signed_releases, of.releases));
    let label = format!(
        "How much was signed from {} to {}; the table below has the numbers",
        day(first.time),
        day(last.time)
    );
    html.el("figure", &[], |html| {
        let attrs = [
            Attr::ViewBox(WIDTH, HEIGHT),
            Attr::Role("img"),
            Attr::Label(&label),
        ];
        html.el("svg", &attrs, |html| {
            for percent in [0, 25, 50, 75, 100] {
                grid(html, percent, y(percent * 10));
            }
            note(html, "start", LEFT, HEIGHT - 8, &day(first.time));
            note(html, "end", WIDTH - RIGHT, HEIGHT - 8, &day(last.time));
            for (class, line) in [("line releases", &releases), ("line packages", &packages)] {
                html.el(
                    "polyline",
                    &[Attr::Class(class), Attr::Points(line)],
                    |_| {},
                );
                for (cx, cy) in line {
                    let at = [
                        Attr::Class(class),
                        Attr::Number("cx", *cx),
                        Attr::Number("cy", *cy),
                        Attr::Number("r", 3),
                    ];
                    html.shape("circle", &at);
                }
            }
        });
        html.el("figcaption", &[], |html| {
            html.of("span", &[Attr::Class("key packages")], "packages");
            html.text(" ");
            html.of("span", &[Attr::Class("key releases")], "releases");
            html.text(" that are signed and valid, in percent of those that were there");
        });
    });
}

fn grid(html: &mut Html, percent: usize, y: i32) {
    let at = [
        Attr::Class("grid"),
        Attr::Number("x1", LEFT),
        Attr::Number("x2", WIDTH - RIGHT),
        Attr::Number("y1", y),
        Attr::Number("y2", y),
    ];
    html.shape("line", &at);
    note(html, "end", LEFT - 8, y + 4, &format!("{percent} %"));
}

fn note(html: &mut Html, class: &'static str, x: i32, y: i32, text: &str) {
    let at = [
        Attr::Class(class),
        Attr::Number("x", x),
        Attr::Number("y", y),
    ];
    html.of("text", &at, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(time: i64, signed: usize, packages: usize) -> Point {
        Point {
            time,
            commit: String::new(),
            signed: Coverage {
                packages,
                signed_packages: signed,
                ..Coverage::default()
            },
        }
    }

    /// Whatever the times and numbers are, no point lies outside of the drawing.
    #[test]
    fn every_point_is_in_the_drawing() {
        for times in [
            [0, 50, 100],
            [7, 7, 7],
            [9, 5, 1],
            [0, -5, 10],
            [i64::MIN, 0, i64::MAX],
        ] {
            let points = [
                point(times[0], 0, 0),
                point(times[1], 9, 3),
                point(times[2], 1, 2),
            ];
            let mut html = Html::default();
            draw(&mut html, &points);
            let text = format!("{html:?}");
            let numbers = |name: &str, most: i32| {
                let name = format!("{name}=\\\"");
                let parts = text.split(&name).skip(1);
                let all: Vec<i32> = parts
                    .map(|part| part.split('\\').next().unwrap().parse().unwrap())
                    .collect();
                assert_eq!(all.len(), 6, "{times:?}");
                assert!(
                    all.iter().all(|n| (0..=most).contains(n)),
                    "{times:?}: {all:?}"
                );
                all
            };
            numbers("cy", HEIGHT);
            let x = numbers("cx", WIDTH);
            assert_eq!((x[0], x[2]), (LEFT, WIDTH - RIGHT), "{times:?}");
        }
    }
}
