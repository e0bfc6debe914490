//! Questions before something that cannot be taken back.

use std::io::{self, BufRead, IsTerminal};

use crate::error::CliError;
use crate::output::print_note;

/// Asks on a terminal; everywhere else, and with --yes, the answer is yes.
///
/// # Errors
/// [`CliError::Input`]
pub(crate) fn confirm(question: &str, yes: bool) -> Result<bool, CliError> {
    if yes || !io::stdin().is_terminal() {
        return Ok(true);
    }
    print_note(format_args!("{question} [y/N]"));
    is_yes(io::stdin().lock())
}

/// Whether the next line agrees.
fn is_yes(mut input: impl BufRead) -> Result<bool, CliError> {
    let mut answer = String::new();
    input.read_line(&mut answer).map_err(CliError::Input)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_yes_agrees() {
        for (line, expected) in [
            ("y\n", true),
            ("Y", true),
            (" yes \n", true),
            ("n\n", false),
            ("", false),
            ("yep", false),
        ] {
            assert_eq!(is_yes(line.as_bytes()).unwrap(), expected, "{line:?}");
        }
    }
}
