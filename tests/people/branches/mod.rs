//! Several people work at the same time, each in a branch of their own, and the branches
//! are merged: real git, the real program. What touches different packages merges in any
//! order; what changes the same thing conflicts where everybody sees it, and the tool
//! resolves it. Every commit of the published branch is one that clients accept.

mod conflicts;
mod five;
mod links;
mod reshaped;
