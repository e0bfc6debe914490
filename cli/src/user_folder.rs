//! The folder with the user's own files.

use std::path::PathBuf;

/// The folder `muster` in the user's folder for settings, if the environment names that.
pub(crate) fn user_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folder = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(folder.join("muster"))
}
