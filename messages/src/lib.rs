//! End-to-end encrypted messages between the parties of the market, and a relay for them.
