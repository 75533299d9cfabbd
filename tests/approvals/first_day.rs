//! first day
