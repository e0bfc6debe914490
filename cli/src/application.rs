//! Application documents, in files and at URLs.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use muster_daemons::checks::{ApplicationDocument, Check};
use reqwest::{Client, Response};

use crate::error::{ApplicationCommandError, CliError};
use crate::parse;

/// The most bytes of a document.
const MAX_DOCUMENT: usize = 64 << 10;

/// How long a document may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentArg {
    /// In a file.
    File(PathBuf),
    /// At a URL.
    Url(Box<str>),
}

impl From<&str> for DocumentArg {
    fn from(text: &str) -> Self {
        if parse::is_url(text, &["http", "https"]) {
            Self::Url(text.into())
        } else {
            Self::File(text.into())
        }
    }
}

impl Display for DocumentArg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl DocumentArg {
    /// Reads the document.
    ///
    /// # Errors
    /// [`CliError::Read`], or [`ApplicationCommandError`]. A command is taken from a file alone, because it would run here.
    pub(crate) async fn read(&self) -> Result<ApplicationDocument, CliError> {
        let text = match self {
            Self::File(path) => fs::read_to_string(path)
                .map_err(|source| CliError::Read { path: path.clone(), source })?,
            Self::Url(url) => download(url).await?,
        };
        let place: Box<str> = self.to_string().into();
        if text.len() > MAX_DOCUMENT {
            return Err(ApplicationCommandError::TooLong { place, most: MAX_DOCUMENT }.into());
        }
        let parsed = toml::from_str::<ApplicationDocument>(&text);
        let document = parsed.map_err(|source| ApplicationCommandError::Invalid {
            place: place.clone(),
            source: Box::new(source),
        })?;
        match (self, document.check()) {
            (Self::Url(_), Check::Command(_)) => {
                Err(ApplicationCommandError::CommandFromUrl(place).into())
            }
            _ => Ok(document),
        }
    }
}

/// The text at a URL.
async fn download(url: &str) -> Result<String, ApplicationCommandError> {
    let failed = |source| ApplicationCommandError::Download { url: url.into(), source };
    let client = Client::builder().timeout(TIMEOUT).build().map_err(failed)?;
    let response = client.get(url).send().await.and_then(Response::error_for_status);
    let mut response = response.map_err(failed)?;
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_DOCUMENT {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
