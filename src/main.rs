//! The `conex` executable.

fn main() {}
