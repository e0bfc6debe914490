//! From the arguments of the process to a [`Cli`], with the refusals that clap cannot express.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, Error, FromArgMatches};

use crate::command_tree::Cli;
use crate::keys::parse_private_key;

/// Why a key on the command line is refused, and what to use instead.
const KEY_REFUSED: &str = "--key on the command line shows the private key to all users of this machine: set MUSTER_KEY, \
    or use --keystore FILE, or --account dev:NAME on a dev chain (--insecure-key allows --key nevertheless)";

/// Commands that have a new name.
const RENAMED: [(&str, &str); 2] = [("workers", "worker list"), ("serve", "example factor")];

/// Parses a command line, the program's name first.
///
/// # Errors
/// An error of clap, to print and to exit with code 2, or help and version, to exit with code 0.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Cli, ArgMatches), Error> {
    let mut command = Cli::command();
    let matches =
        command.try_get_matches_from_mut(args).map_err(with_new_name).map_err(without_proxy)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let on_command_line = matches.value_source("key") == Some(ValueSource::CommandLine);
    if on_command_line && !cli.globals.insecure_key {
        return Err(command.error(ErrorKind::ArgumentConflict, KEY_REFUSED));
    }
    // clap would repeat an invalid value, so the key is checked here.
    if let Some(Err(error)) = cli.globals.key.as_ref().map(parse_private_key) {
        let name = if on_command_line { "--key" } else { "MUSTER_KEY" };
        return Err(command.error(ErrorKind::ValueValidation, format!("{name}: {error}")));
    }
    Ok((cli, matches))
}

/// The error, with the new name if it is about a command that was renamed.
fn with_new_name(mut error: Error) -> Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let renamed = RENAMED.iter().find(|(old, _)| old == name);
    if let Some((old, new)) = renamed {
        let tip = StyledStr::from(format!("`muster {old}` is now `muster {new}`"));
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// The error, without the value of --proxy, which can contain a password.
fn without_proxy(mut error: Error) -> Error {
    let names_proxy = |name: &ContextValue| name.to_string().starts_with("--proxy");
    if error.get(ContextKind::InvalidArg).is_some_and(names_proxy) {
        let hidden = ContextValue::String("(hidden)".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::parse;

    /// The error of a command line that is refused.
    fn refused(args: &str) -> (ErrorKind, String) {
        let error = parse(args.split(' ').map(Into::into)).map(drop).unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn a_renamed_command_is_refused_with_its_new_name() {
        for (old, new) in [
            ("workers --json", "is now `muster worker list`"),
            ("serve --listen 127.0.0.1:0", "is now `muster example factor`"),
        ] {
            let (kind, text) = refused(&format!("muster {old}"));
            assert_eq!(kind, ErrorKind::InvalidSubcommand, "{old}: {text}");
            assert!(text.contains(new), "{text}");
            assert!(!text.contains("similar subcommand"), "{text}");
        }
    }

    #[test]
    fn a_key_on_the_command_line_is_refused_and_not_repeated() {
        let key = "11".repeat(32);
        let (kind, text) = refused(&format!("muster credit --key {key}"));
        assert_eq!(kind, ErrorKind::ArgumentConflict, "{text}");
        for way in ["MUSTER_KEY", "--keystore", "--account dev:NAME", "--insecure-key"] {
            assert!(text.contains(way), "{text}");
        }
        assert!(!text.contains(&key), "{text}");
    }

    #[test]
    fn an_invalid_proxy_is_not_repeated() {
        let (kind, text) = refused("muster credit --proxy https://me:secret@host");
        assert_eq!(kind, ErrorKind::ValueValidation, "{text}");
        assert!(text.contains("--proxy") && text.contains("socks5"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn an_insecure_key_is_taken_if_it_is_one() {
        let key = "11".repeat(32);
        let line = format!("muster credit --insecure-key --key {key}");
        let (cli, _) = parse(line.split(' ').map(Into::into)).unwrap();
        assert!(!format!("{cli:?}").contains(&key), "{cli:?}");
        let (kind, text) = refused("muster credit --insecure-key --key 0x1234");
        assert_eq!(kind, ErrorKind::ValueValidation, "{text}");
        assert!(text.contains("--key: a private key is 64 hexadecimal digits"), "{text}");
        assert!(!text.contains("1234"), "{text}");
    }
}
