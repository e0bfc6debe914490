//! Applications on the command line: by name, or by their document.

use std::str::FromStr;

use muster_client::{Application, ApplicationError};
use muster_daemons::checks::ApplicationDocument;

use crate::application::DocumentArg;
use crate::error::CliError;

/// The end of a document's file name.
const EXTENSION: &str = ".toml";

/// An application, as an option names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationArg {
    /// By name.
    Name(Application),
    /// By its document.
    Document(DocumentArg),
}

/// An application that was named, and its document if it was named by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedApplication {
    /// The key on chain.
    pub(crate) application: Application,
    /// The document.
    pub(crate) document: Option<ApplicationDocument>,
}

impl FromStr for ApplicationArg {
    type Err = ApplicationError;

    /// A URL or a file has a document: a file's name ends with `.toml` or has a slash. Everything else is a name.
    fn from_str(text: &str) -> Result<Self, ApplicationError> {
        if text.contains('/') || text.ends_with(EXTENSION) {
            Ok(Self::Document(DocumentArg::from(text)))
        } else {
            text.parse().map(Self::Name)
        }
    }
}

impl ApplicationArg {
    /// The application, with its document if it is named by one.
    ///
    /// # Errors
    /// As [`DocumentArg::read`].
    pub(crate) async fn resolve(&self) -> Result<NamedApplication, CliError> {
        match self {
            Self::Name(application) => {
                Ok(NamedApplication { application: *application, document: None })
            }
            Self::Document(place) => {
                let document = place.read().await?;
                let application = document.application();
                Ok(NamedApplication { application, document: Some(document) })
            }
        }
    }

    /// The option as one text, which is the same for the same name.
    pub(crate) fn canonical_text(&self) -> String {
        match self {
            Self::Name(application) => application.0.to_string(),
            Self::Document(place) => place.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ApplicationArg, DocumentArg};

    #[test]
    fn an_application_is_named_by_its_name_a_file_or_a_url() {
        let named = |text: &str| text.parse::<ApplicationArg>().unwrap();
        assert_eq!(named("echo"), ApplicationArg::Name("echo".parse().unwrap()));
        assert_eq!(named("0"), ApplicationArg::Name("0".parse().unwrap()));
        for file in ["echo.toml", "./echo", "/etc/muster/echo.toml"] {
            assert_eq!(named(file), ApplicationArg::Document(DocumentArg::File(file.into())));
        }
        for url in ["https://example.org/echo.toml", "http://127.0.0.1:8000/echo"] {
            assert_eq!(named(url), ApplicationArg::Document(DocumentArg::Url(url.into())));
        }
        assert!("a-name-too-long".parse::<ApplicationArg>().is_err());
    }
}
