//! The file of tokens: who may own it, and what stays in it.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::token::TokenSecret;

/// A token with this name.
fn token(name: &str) -> Token {
    let limit = SpendingLimit { most: u128::MAX, period: Period::Day };
    let rights = [Right::Read, Right::Buy].into();
    Token { name: name.to_owned(), digest: TokenSecret::random().digest(), rights, limit }
}

/// A file in a folder that is there as long as it.
fn file() -> (tempfile::TempDir, TokenFile) {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path().join("tokens.toml"));
    (folder, file)
}

#[test]
fn tokens_are_added_and_removed_and_only_their_owner_reads_them() {
    let (_folder, file) = file();
    assert!(matches!(file.read(), Err(TokenFileError::Missing(_))));
    let (one, other) = (token("one"), token("other"));
    file.add(one.clone()).unwrap();
    file.add(other.clone()).unwrap();
    assert_eq!(file.read().unwrap(), [one.clone(), other.clone()]);
    assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
    assert!(matches!(file.add(token("one")), Err(TokenFileError::Twice { .. })));
    assert_eq!(file.remove("one").unwrap(), one);
    assert_eq!(file.read().unwrap(), [other]);
    assert!(matches!(file.remove("one"), Err(TokenFileError::NoToken { .. })));
}

#[test]
fn a_file_that_others_can_use_is_refused_and_the_error_says_what_to_do() {
    let (folder, file) = file();
    file.add(token("one")).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o777] {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains(&format!("{mode:04o}")) && error.contains("chmod 600"), "{error}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file.read().unwrap();
    }
    let link = TokenFile::new(folder.path().join("link"));
    symlink(file.path(), link.path()).unwrap();
    link.read().unwrap();
    let folder = TokenFile::new(folder.path().to_owned());
    assert!(matches!(folder.read(), Err(TokenFileError::NotFile(_))));
}

#[test]
fn what_is_no_file_of_tokens_is_refused() {
    let (_folder, file) = file();
    file.add(token("one")).unwrap();
    let good = fs::read_to_string(file.path()).unwrap();
    for (from, to, expected) in [
        ("sha256:", "md5:", "64 hexadecimal digits"),
        ("\"read\"", "\"all\"", "all"),
        ("name =", "nome =", "nome"),
        ("per = \"day\"", "per = \"week\"", "week"),
        ("limit = \"", "limit = \"-", "amount"),
    ] {
        fs::write(file.path(), good.replace(from, to)).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    fs::write(file.path(), format!("{good}{good}")).unwrap();
    assert!(matches!(file.read(), Err(TokenFileError::Twice { .. })));
}
