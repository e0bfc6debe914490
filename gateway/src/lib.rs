//! Lets the right ones through to a local service, and gives receipts.
