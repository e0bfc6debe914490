//! The file of webhooks.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_index::notices::{NoticeKind, NoticeRules, Webhook};
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::parameters::{AddressParameter, WeiParameter};

/// The shortest secret, in bytes.
const MIN_SECRET: usize = 16;

/// An agreement ends soon within so many ticks, unless another number is given.
const ENDS_WITHIN: u64 = 3_600;

/// Who is told what, and the secret by which they know who tells it.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Signs what is sent.
    pub(super) secret: SecretString,
    /// When there is a notice.
    pub(super) rules: NoticeRules,
    /// Who is told.
    pub(super) webhooks: Vec<Webhook>,
}

/// Why a file of webhooks cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It cannot be read.
    #[error("cannot read the webhooks in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is malformed.
    #[error("the webhooks in {} are malformed: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// The secret is too short to be one.
    #[error("the secret in {} has fewer than 16 bytes: make one by `openssl rand -hex 32`", .0.display())]
    Secret(PathBuf),
    /// A URL that nothing can be sent to.
    #[error("the webhook {url} in {} is no http or https URL with a host", path.display())]
    Url {
        /// The file.
        path: PathBuf,
        /// The URL.
        url: Box<str>,
    },
    /// The HTTP client cannot start.
    #[error("cannot start the HTTP client of webhooks: {0}")]
    Client(#[from] reqwest::Error),
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// See [`WebhookConfig::secret`].
    secret: String,
    /// See [`NoticeRules::ends_within`].
    ends_within: Option<u64>,
    /// See [`NoticeRules::min_credit`].
    min_credit: Option<WeiParameter>,
    /// Who is told.
    webhook: Vec<Entry>,
}

/// A webhook in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Where it is.
    url: String,
    /// What it wants; everything if it is left out.
    events: Option<BTreeSet<NoticeKind>>,
    /// Whom it is about; all if it is left out.
    #[serde(default)]
    accounts: Vec<AddressParameter>,
}

impl WebhookConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// All of [`WebhookError`] but [`WebhookError::Client`].
    pub fn read(path: &Path) -> Result<Self, WebhookError> {
        let read = fs::read_to_string(path);
        let text = read.map_err(|source| WebhookError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    fn parse(path: &Path, text: &str) -> Result<Self, WebhookError> {
        let malformed =
            |source| WebhookError::Malformed { path: path.to_owned(), source: Box::new(source) };
        let File { secret, ends_within, min_credit, webhook } =
            toml::from_str(text).map_err(malformed)?;
        if secret.len() < MIN_SECRET {
            return Err(WebhookError::Secret(path.to_owned()));
        }
        let rules = NoticeRules {
            ends_within: ends_within.unwrap_or(ENDS_WITHIN),
            min_credit: min_credit.map_or(0, |credit| credit.0),
        };
        let mut webhooks = Vec::new();
        for Entry { url, events, accounts } in webhook {
            let parsed = Url::parse(&url).ok();
            if !parsed
                .is_some_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
            {
                return Err(WebhookError::Url { path: path.to_owned(), url: url.into() });
            }
            webhooks.push(Webhook {
                url,
                kinds: events.unwrap_or_else(|| NoticeKind::ALL.into()),
                accounts: accounts.into_iter().map(|account| account.0).collect(),
            });
        }
        Ok(Self { secret: secret.into(), rules, webhooks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "secret = \"0123456789abcdef\"\n";

    fn parse(text: &str) -> Result<WebhookConfig, WebhookError> {
        WebhookConfig::parse(Path::new("webhooks.toml"), text)
    }

    #[test]
    fn a_file_names_who_is_told_what() {
        let one = "[[webhook]]\nurl = \"https://example.org/a\"\nevents = [\"credit_waits\"]\n\
            accounts = [\"0x0101010101010101010101010101010101010101\"]\n[[webhook]]\nurl = \"http://localhost:1\"\n";
        let config =
            parse(&format!("{SECRET}min_credit = \"5\"\nends_within = 60\n{one}")).unwrap();
        assert_eq!(config.rules, NoticeRules { ends_within: 60, min_credit: 5 });
        let [first, second] = config.webhooks.as_slice() else { panic!("{config:?}") };
        assert_eq!((first.kinds.len(), first.accounts.len()), (1, 1));
        assert_eq!((second.kinds.len(), second.accounts.len()), (4, 0));
        assert!(!format!("{config:?}").contains("0123456789abcdef"), "the secret is not shown");
    }

    #[test]
    fn a_file_with_a_mistake_is_refused() {
        for (text, expected) in [
            ("secret = \"short\"\nwebhook = []\n".to_owned(), "fewer than 16 bytes"),
            ("webhook = []\n".to_owned(), "secret"),
            (format!("{SECRET}[[webhook]]\nurl = \"ftp://x\"\n"), "no http or https URL"),
            (format!("{SECRET}[[webhook]]\nurl = \"x\"\n"), "no http or https URL"),
            (format!("{SECRET}[[webhook]]\nurl = \"http://x\"\nevents = [\"all\"]\n"), "malformed"),
            (
                format!("{SECRET}[[webhook]]\nurl = \"http://x\"\naccounts = [\"ada\"]\n"),
                "malformed",
            ),
            (format!("{SECRET}min_credit = 5\nwebhook = []\n"), "malformed"),
            (format!("{SECRET}[[webhook]]\nurl = \"http://x\"\nevent = []\n"), "malformed"),
        ] {
            let refused = parse(&text).unwrap_err().to_string();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }
}
