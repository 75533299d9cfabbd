//! What is missing and from whom, and `conex check`: a pull request is judged by what
//! merging it now would make of the published branch.

#[path = "../world/mod.rs"]
mod world;

mod todo;
