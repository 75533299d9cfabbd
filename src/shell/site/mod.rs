//! A report as a site: pages that a browser shows from a file or from a server, without a script, and
//! that any person can read.
//!
//! * [`html`]: the one writer, which leaves nothing of anybody's text to a browser but text;
//! * [`text`]: that text, made visible, without addresses of people;
//! * [`href`]: the pages, their files, and links;
//! * [`frame`]: what all pages have;
//! * [`packages`], [`package`], [`people`], [`person`], [`proposal`], [`waits`], [`changes`],
//!   [`coverage`], [`findings`], [`overview`], [`check`]: the pages;
//! * [`chart`]: the curve;
//! * [`model`]: what they are made of; [`files`]: all of them; [`place`]: the directory that they are written to.

mod changes;
mod chart;
mod check;
mod coverage;
mod files;
mod findings;
mod frame;
pub mod href;
pub mod html;
mod model;
mod overview;
mod package;
mod packages;
mod people;
mod person;
pub mod place;
mod proposal;
mod text;
mod waits;

pub use files::files;
pub use model::{Curve, Point, Seen, Site};
