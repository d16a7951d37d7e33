//! The server: everything between a request and the log, and between the log
//! and the readers.

pub mod clock;

pub mod pages;
