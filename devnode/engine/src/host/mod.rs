//! Host functions.
