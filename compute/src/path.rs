//! Names and paths in the file system of a job.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name of a file or folder, in bytes.
pub const MAX_NAME: usize = 255;
/// The longest path that a program may pass to a function, in bytes.
pub(crate) const MAX_PATH: usize = 4096;
/// How many names a path in the file system has at most.
pub const MAX_DEPTH: usize = 64;

/// Why a path cannot be used in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("must begin with /")]
    Relative,
    /// An empty name: two slashes, a slash at the end, or nothing but a slash.
    #[error("has an empty name in it")]
    EmptyName,
    /// `.` or `..`.
    #[error("must not contain . or ..")]
    Dots,
    /// NUL, a newline or another control character.
    #[error("contains a control character")]
    ControlCharacter,
    /// A name of more than [`MAX_NAME`] bytes.
    #[error("has a name of more than {MAX_NAME} bytes")]
    LongName,
    /// More than [`MAX_DEPTH`] names.
    #[error("is deeper than {MAX_DEPTH} names")]
    TooDeep,
}

/// Checks one name of a file or folder.
///
/// # Errors
/// Each of [`PathError`] that concerns a single name.
pub(crate) fn check_name(name: &str) -> Result<(), PathError> {
    match name {
        "" => Err(PathError::EmptyName),
        "." | ".." => Err(PathError::Dots),
        _ if name.len() > MAX_NAME => Err(PathError::LongName),
        _ if name.chars().any(char::is_control) => Err(PathError::ControlCharacter),
        _ => Ok(()),
    }
}

/// An absolute path of a file in a job: normal names, separated by slashes. Ordered by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobPath(String);

impl JobPath {
    /// Checks a path.
    ///
    /// # Errors
    /// The first of [`PathError`] that is true of it.
    pub fn new(path: impl Into<String>) -> Result<Self, PathError> {
        let path = path.into();
        let names = path.strip_prefix('/').ok_or(PathError::Relative)?;
        for (index, name) in names.split('/').enumerate() {
            check_name(name)?;
            if index >= MAX_DEPTH {
                return Err(PathError::TooDeep);
            }
        }
        Ok(Self(path))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its names, from the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }

    /// Whether `self` is `other`, or lies in the folder `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for JobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for JobPath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::new(path)
    }
}

impl From<JobPath> for String {
    fn from(path: JobPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_path_is_refused_for_its_reason() {
        let long = format!("/{}", "n".repeat(256));
        let deep = "/a".repeat(65);
        let cases = [
            ("a", PathError::Relative),
            ("", PathError::Relative),
            ("/", PathError::EmptyName),
            ("/a//b", PathError::EmptyName),
            ("/a/", PathError::EmptyName),
            ("/a/../b", PathError::Dots),
            ("/./b", PathError::Dots),
            ("/a\0b", PathError::ControlCharacter),
            ("/a\nb", PathError::ControlCharacter),
            ("/a\u{85}b", PathError::ControlCharacter),
            (&long, PathError::LongName),
            (&deep, PathError::TooDeep),
        ];
        for (path, error) in cases {
            assert_eq!(JobPath::new(path), Err(error), "{path:?}");
        }
    }

    #[test]
    fn longest_and_deepest_are_allowed() {
        let name = format!("/{}", "n".repeat(255));
        assert!(JobPath::new(name.repeat(64)).is_ok());
        assert!(JobPath::new("/in/läuft.svg").is_ok());
        assert!(JobPath::new("/..a/...").is_ok());
    }

    #[test]
    fn within_respects_whole_names() {
        let path = |p: &str| JobPath::new(p).unwrap();
        assert!(path("/a/b").is_within(&path("/a")));
        assert!(path("/a").is_within(&path("/a")));
        assert!(!path("/ab").is_within(&path("/a")));
        assert!(!path("/a").is_within(&path("/a/b")));
    }
}
