//! Errors about applications and their documents.

use muster_daemons::checks::ProbeFailure;

/// Why an application document cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplicationCommandError {
    /// A document that cannot be fetched.
    #[error("cannot fetch the application document {url}: {source}")]
    Download {
        /// Where it is.
        url: Box<str>,
        /// The cause.
        source: reqwest::Error,
    },
    /// A text that is no document.
    #[error("{place} is no application document: {source}")]
    Invalid {
        /// Where it is.
        place: Box<str>,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// A document that is too long.
    #[error("{place} is too long: an application document has at most {most} bytes")]
    TooLong {
        /// Where it is.
        place: Box<str>,
        /// The most bytes.
        most: usize,
    },
    /// A command of somebody else.
    #[error(
        "the check of {0} is a command, which would run on this machine: save the document, read it, and name the file"
    )]
    CommandFromUrl(Box<str>),
    /// A service that does not pass the check.
    #[error("the service at {url} does not pass: {check}: {failure}")]
    Failed {
        /// The service.
        url: Box<str>,
        /// What was asked.
        check: Box<str>,
        /// What came of it.
        failure: ProbeFailure,
    },
}
