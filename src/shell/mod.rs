//! The shell around the core: files, terminal, clock, environment.
