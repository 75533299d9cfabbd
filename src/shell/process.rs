//! What is known of other processes.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Whether there is no process of this number: what it left half done is nobody's any more.
pub fn is_gone(number: u32) -> bool {
    let number = i32::try_from(number).ok().and_then(Pid::from_raw);
    number.is_none_or(|number| test_kill_process(number) == Err(Errno::SRCH))
}
