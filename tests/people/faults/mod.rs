//! Machines that fail: errors of system calls at every place (`calls`), and what else a machine
//! can lack (`machine`). Nothing is accepted that is not valid, nothing is left that needs a
//! hand, and whoever typed the command is told in words and by the exit status.

mod calls;
mod hook;
mod machine;
