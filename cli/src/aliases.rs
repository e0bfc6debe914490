//! Names for addresses, from a file of the user.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::LazyLock;

use alloy::primitives::Address;
use serde::Deserialize;

use crate::error::CliError;
use crate::user_folder::user_folder;

/// The most characters of a name.
const MAX_LENGTH: usize = 32;

/// The head of the file.
const FILE_HEAD: &str =
    "# Names for addresses. `muster alias` writes this file anew, without other comments.\n";

/// The names as this process found them.
static KNOWN: LazyLock<Result<Aliases, CliError>> = LazyLock::new(Aliases::load);

/// A name for an address: no number, no address and no dev account is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AliasName(String);

/// A text that cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an alias has 1 to 32 characters: A to Z, a to z, digits, `-` and `_`, the first no digit or sign; it is not `dev`"
)]
pub(crate) struct AliasNameError;

impl FromStr for AliasName {
    type Err = AliasNameError;

    fn from_str(text: &str) -> Result<Self, AliasNameError> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(is_part)
            && text.len() <= MAX_LENGTH
            && text != "dev";
        is_name.then(|| Self(text.to_owned())).ok_or(AliasNameError)
    }
}

impl TryFrom<String> for AliasName {
    type Error = AliasNameError;

    fn try_from(text: String) -> Result<Self, AliasNameError> {
        text.parse()
    }
}

impl AsRef<str> for AliasName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Names for addresses. An address may have several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Aliases(BTreeMap<AliasName, Address>);

impl Aliases {
    /// Those of the user, as they were when the process first asked.
    ///
    /// # Errors
    /// [`CliError::Read`] or [`CliError::Config`], about the file.
    pub(crate) fn known() -> Result<&'static Self, &'static CliError> {
        KNOWN.as_ref()
    }

    /// Fails if the file is invalid, so that no table leaves names out in silence.
    ///
    /// # Errors
    /// [`CliError::Read`] or [`CliError::Config`], about the file.
    pub(crate) fn check() -> Result<(), CliError> {
        Self::load().map(drop)
    }

    /// Reads the file; there are none if it does not exist.
    ///
    /// # Errors
    /// [`CliError::Read`] or [`CliError::Config`], about the file.
    pub(crate) fn load() -> Result<Self, CliError> {
        Self::path().map_or_else(|_| Ok(Self::default()), |path| Self::read(&path))
    }

    /// The file.
    ///
    /// # Errors
    /// [`CliError::NoUserFolder`]
    pub(crate) fn path() -> Result<PathBuf, CliError> {
        Ok(user_folder().ok_or(CliError::NoUserFolder)?.join("aliases.toml"))
    }

    /// Reads a file; there are none if it does not exist.
    fn read(path: &Path) -> Result<Self, CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(CliError::Read { path: path.into(), source }),
        };
        toml::from_str(&text)
            .map_err(|source| CliError::Config { path: path.into(), source: source.into() })
    }

    /// Replaces the file as a whole, and creates its folder.
    ///
    /// # Errors
    /// [`CliError::Write`]
    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        let mut text = FILE_HEAD.to_owned();
        for (AliasName(name), address) in &self.0 {
            // A text takes everything.
            let _ = writeln!(text, "{name} = \"{address}\"");
        }
        let new = path.with_extension("new");
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written =
            folder.and_then(|()| fs::write(&new, text)).and_then(|()| fs::rename(&new, path));
        written.map_err(|source| CliError::Write { path: path.into(), source })
    }

    /// Gives a name to an address, and returns the address that had it.
    pub(crate) fn set(&mut self, name: AliasName, address: Address) -> Option<Address> {
        self.0.insert(name, address)
    }

    /// Takes a name away, and returns its address.
    pub(crate) fn remove(&mut self, name: &AliasName) -> Option<Address> {
        self.0.remove(name)
    }

    /// All names, in alphabetical order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Address)> {
        self.0.iter().map(|(name, address)| (name.as_ref(), *address))
    }

    /// The address of a name.
    pub(crate) fn address(&self, name: &str) -> Option<Address> {
        self.0.get(&AliasName(name.to_owned())).copied()
    }

    /// The first name of an address.
    pub(crate) fn name(&self, address: Address) -> Option<&str> {
        self.iter().find(|(_, named)| *named == address).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_number_no_address_and_no_dev_account() {
        for name in ["ada", "A", "worker-2_b", &"a".repeat(32)] {
            assert!(name.parse::<AliasName>().is_ok(), "{name}");
        }
        let address = "a".repeat(40);
        for wrong in ["", "3", "0x12", "dev", "dev:ada", "-a", "a b", "a.b", "ä", &address] {
            assert_eq!(wrong.parse::<AliasName>(), Err(AliasNameError), "{wrong}");
        }
    }

    #[test]
    fn a_file_keeps_what_was_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster/aliases.toml");
        assert_eq!(Aliases::read(&path).unwrap(), Aliases::default());
        let [one, two] = [1, 2].map(Address::with_last_byte);
        let mut aliases = Aliases::default();
        for (name, address) in [("eve", one), ("ada", one), ("bob", two)] {
            assert_eq!(aliases.set(name.parse().unwrap(), address), None);
        }
        aliases.save(&path).unwrap();
        let mut found = Aliases::read(&path).unwrap();
        assert_eq!(found, aliases);
        assert_eq!((found.address("eve"), found.address("zoe")), (Some(one), None));
        assert_eq!((found.name(one), found.name(two)), (Some("ada"), Some("bob")));
        assert_eq!(found.name(Address::ZERO), None);
        assert_eq!(found.set("bob".parse().unwrap(), one), Some(two));
        assert_eq!(found.remove(&"bob".parse().unwrap()), Some(one));
        assert_eq!(found.remove(&"bob".parse().unwrap()), None);
    }

    #[test]
    fn an_invalid_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aliases.toml");
        for text in [
            "ada",
            "ada = 1",
            "ada = \"0x12\"",
            "dev = \"0x0000000000000000000000000000000000000001\"",
        ] {
            fs::write(&path, text).unwrap();
            let error = Aliases::read(&path).unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }
}
