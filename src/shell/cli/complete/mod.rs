//! What a shell completes behind `conex`: the command line, and the names that are in reach.
//!
//! * [`Completes`]: what an argument of a verb completes with; it stands at the argument;
//! * [`script`]: what a shell loads, which asks [`answer`] each time;
//! * `typed`: what a shell hands over, word by word;
//! * `names`: the names that there are.
//!
//! Nothing here judges, signs, asks, writes, or speaks to another machine. A repository is not
//! trusted: only names of conex's own grammar come out, without a character that a shell or a
//! terminal acts on.

mod answer;
mod kinds;
mod names;
mod script;
mod typed;

pub use answer::answer;
pub use kinds::{Completes, Source};
pub use script::{Completed, script};
