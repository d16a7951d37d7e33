//! The driver over real sockets.
