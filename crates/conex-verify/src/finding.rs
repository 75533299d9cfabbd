//! What a verification says: findings with a stable code, a place, both values and a hint.

mod cause;
mod code;
mod collector;
mod excerpt;
mod place;
mod record;
pub mod remedy;
#[cfg(feature = "silence")]
pub mod silence;

pub use cause::Cause;
pub use code::Code;
pub use collector::Findings;
pub use excerpt::Excerpt;
pub use place::{bad_path, is_leftover};
pub use record::{Finding, Severity, is_refused};
pub use remedy::{Advice, Reader, Remedy};
