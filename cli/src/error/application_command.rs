//! Errors about applications and their documents.

use alloy::primitives::{Address, B256};
use muster_client::Application;
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
    /// Workers that do not serve by the document.
    #[error(
        "{serving} of {wanted} workers serve {application} by the document {expected}{said}: hire workers that do, or name the \
         document by which these serve"
    )]
    TooFewServe {
        /// The application.
        application: Box<str>,
        /// The digest of the document.
        expected: B256,
        /// How many serve by it.
        serving: usize,
        /// How many are wanted.
        wanted: usize,
        /// What the others say.
        said: String,
    },
    /// An agreement that was bought by another document.
    #[error(
        "agreement {agreement} was bought by the document {bought}, and the named one is {named}: name the document that it was \
         bought by, or none"
    )]
    OtherDocument {
        /// The agreement.
        agreement: Address,
        /// The digest in its order file.
        bought: B256,
        /// The digest of the named document.
        named: B256,
    },
    /// An agreement for another application.
    #[error(
        "agreement {agreement} is for the application {application}, and the document is for {name}: name another one"
    )]
    OtherApplication {
        /// The agreement.
        agreement: Address,
        /// Its application.
        application: Application,
        /// The name in the document.
        name: Box<str>,
    },
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
