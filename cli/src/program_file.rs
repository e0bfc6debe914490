//! Files of this machine and their places in the program's file system, as they are written on a command line.

use std::path::{Path, PathBuf};

use muster_compute::{JobPath, PathError};

/// A file or folder of this machine, and its path for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgramFile {
    /// Where it is on this machine.
    pub(crate) host: PathBuf,
    /// Where the program finds it, if that is said.
    inside: Option<JobPath>,
}

/// A text that names no file or variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProgramFileError {
    /// The path for the program is none.
    #[error("after the colon stands the path for the program, such as /in/data.csv: {0}")]
    Path(#[from] PathError),
    /// The path of this machine has no name that could be used.
    #[error("{0} has no name: say where the program finds it, as in {0}:/in/data.csv")]
    NoName(String),
    /// Not a variable.
    #[error("expected NAME=VALUE")]
    Variable,
}

impl ProgramFile {
    /// Where the program finds it: where the command line says, else under its name below this folder.
    ///
    /// # Errors
    /// [`ProgramFileError`] for a name that a program cannot have, or none.
    pub(crate) fn program_path(&self, folder: &str) -> Result<JobPath, ProgramFileError> {
        match &self.inside {
            Some(inside) => Ok(inside.clone()),
            None => Ok(JobPath::new(format!("{folder}/{}", file_name(&self.host)?))?),
        }
    }
}

/// The name of a file.
///
/// # Errors
/// [`ProgramFileError::NoName`] for a path such as `..`, or a name that is no UTF-8.
pub(crate) fn file_name(path: &Path) -> Result<&str, ProgramFileError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| ProgramFileError::NoName(path.display().to_string()))
}

/// A path with something after its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A file, and after `:/` its path for the program.
pub(crate) fn parse_file(text: &str) -> Result<ProgramFile, ProgramFileError> {
    let Some((host, inside)) = split_program_path(text) else {
        let file = ProgramFile { host: text.into(), inside: None };
        return file.program_path("/in").map(|_| file);
    };
    Ok(ProgramFile { host: host.into(), inside: Some(JobPath::new(inside)?) })
}

/// The file of this machine, and after `:/` its path for the program, if the text has one.
pub(crate) fn split_program_path(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind(":/").filter(|at| *at > 0)?;
    let (host, inside) = text.split_at(at);
    Some((host, inside.trim_start_matches(':')))
}

/// An environment variable.
pub(crate) fn parse_variable(text: &str) -> Result<(String, String), ProgramFileError> {
    let (name, value) = text.split_once('=').ok_or(ProgramFileError::Variable)?;
    if name.is_empty() {
        return Err(ProgramFileError::Variable);
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_under_its_name_or_where_the_command_line_says() {
        for (text, host, inside) in [
            ("logo.svg", "logo.svg", "/in/logo.svg"),
            ("a/b c/logo.svg", "a/b c/logo.svg", "/in/logo.svg"),
            ("folder/", "folder/", "/in/folder"),
            ("logo.svg:/data/x", "logo.svg", "/data/x"),
            ("a:b:/data/x", "a:b", "/data/x"),
        ] {
            let file = parse_file(text).unwrap();
            assert_eq!(file.host, PathBuf::from(host), "{text}");
            assert_eq!(file.program_path("/in").unwrap().as_str(), inside, "{text}");
        }
        for text in ["..", "/", "", "a:/", "a:/../b"] {
            assert!(parse_file(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_variable_has_a_name() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_variable("A="), Ok(("A".to_owned(), String::new())));
        assert_eq!(parse_variable("=b"), Err(ProgramFileError::Variable));
        assert_eq!(parse_variable("A"), Err(ProgramFileError::Variable));
    }
}
