//! The headings of options in help texts.

/// Where an API is served, and its limits.
pub(crate) const API: &str = "API";
/// Options of the command itself.
pub(crate) const COMMAND: &str = "This command";
/// Where a gateway listens, and its limits.
pub(crate) const GATEWAY: &str = "Gateway";
/// A server's certificate.
pub(crate) const TLS: &str = "TLS";
/// What jobs may take.
pub(crate) const JOBS: &str = "Jobs";
/// Where nodes, relays and the market are.
pub(crate) const NETWORK: &str = "Network";
/// Which account signs.
pub(crate) const ACCOUNT: &str = "Account";
/// Where results and state files go, and in which form.
pub(crate) const OUTPUT: &str = "Output";
/// What a tester grants to the jobs that it runs.
pub(crate) const REFERENCE: &str = "Jobs that are run here";
