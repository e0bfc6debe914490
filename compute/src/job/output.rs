//! Where results of a job are looked for.

use crate::{JobPath, PathError};
use serde::{Deserialize, Serialize};

/// A path whose files are results. Its text ends with a slash if a folder is made there before the program starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Output {
    /// The file, or the folder below which every file counts.
    path: JobPath,
    /// Whether the folder exists at the start.
    folder: bool,
}

impl Output {
    /// Reads `/out.png` or `/out/`.
    ///
    /// # Errors
    /// [`PathError`], as for any path.
    pub fn new(text: &str) -> Result<Self, PathError> {
        let (path, folder) = match text.strip_suffix('/') {
            Some(path) if !path.is_empty() => (path, true),
            _ => (text, false),
        };
        Ok(Self { path: JobPath::new(path)?, folder })
    }

    /// The path without a slash at its end.
    #[must_use]
    pub const fn path(&self) -> &JobPath {
        &self.path
    }

    /// Whether the folder exists when the program starts.
    #[must_use]
    pub const fn is_folder(&self) -> bool {
        self.folder
    }
}

impl TryFrom<String> for Output {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(&text)
    }
}

impl From<Output> for String {
    fn from(output: Output) -> Self {
        let mut text = Self::from(output.path);
        if output.folder {
            text.push('/');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slash_at_the_end_means_a_folder() {
        let folder = Output::new("/out/").unwrap();
        assert!(folder.is_folder());
        assert_eq!(folder.path().as_str(), "/out");
        assert_eq!(String::from(folder), "/out/");
        assert!(!Output::new("/out").unwrap().is_folder());
        assert_eq!(Output::new("/"), Err(PathError::EmptyName));
        assert_eq!(Output::new("/out//"), Err(PathError::EmptyName));
    }
}
