//! A site for everybody: what a janitor publishes, and what an author finds there.

mod hostile;
mod refused;
mod story;

use crate::pages::Pages;
use crate::town::Town;

/// Writes a site of the work tree, with these options, and reads it.
#[track_caller]
fn site(town: &Town, options: &str) -> Pages {
    town.ok(&format!("conex report ~/site {options}"));
    Pages::read(&town.path("site"))
}
