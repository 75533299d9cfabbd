//! The curve of what was signed when, as a drawing of lines.

use super::html::{Attr, Html};
use super::model::Point;
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
    let span = last.time.saturating_sub(first.time).max(1);
    let x = |time: i64| {
        let part = time.saturating_sub(first.time).clamp(0, span);
        let wide = i64::from(WIDTH - LEFT - RIGHT);
        LEFT + i32::try_from(part.saturating_mul(wide) / span).unwrap_or(0)
    };
    let y = |permille: usize| {
        let part = i32::try_from(permille.min(1000)).unwrap_or(1000);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part / 1000
    };
    let permille = |part: usize, of: usize| part.saturating_mul(1000).checked_div(of).unwrap_or(0);
    let packages: Vec<(i32, i32)> = points
        .iter()
        .map(|p| {
            (
                x(p.time),
                y(permille(p.signed.signed_packages, p.signed.packages)),
            )
        })
        .collect();
    let releases: Vec<(i32, i32)> = points
        .iter()
        .map(|p| {
            (
                x(p.time),
                y(permille(p.signed.signed_releases, p.signed.releases)),
            )
        })
        .collect();
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
