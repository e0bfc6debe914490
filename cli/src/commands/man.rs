//! `muster man`: manual pages.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::builder::StyledStr;
use clap::{Args, Command};
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// Options of `muster man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster man /usr/local/share/man/man1")]
pub(crate) struct Options {
    /// Folder for the pages; it is created if it does not exist
    folder: PathBuf,
}

/// What the exit codes of every command mean.
const EXIT_CODES: [(&str, &str); 3] = [
    ("0", "The command succeeded, or a program that keeps running was ended by SIGINT or SIGTERM."),
    ("1", "The command was refused or failed; standard error says why and what to do."),
    ("2", "The command line was wrong."),
];

/// Writes a manual page for every command of this tree.
pub(crate) fn run(context: &Context, options: &Options, mut tree: Command) -> Result<(), CliError> {
    let folder = &options.folder;
    let written = fs::create_dir_all(folder).and_then(|()| {
        tree.build();
        write_pages(&tree, folder)
    });
    let count = written.map_err(|source| CliError::Write { path: folder.clone(), source })?;
    context.print(&CommandOutput::new([
        ("folder", Cell::text(folder.display())),
        ("pages", Cell::Count(count)),
    ]))
}

/// Writes the pages of a command and of those below it; returns their number.
fn write_pages(command: &Command, folder: &Path) -> io::Result<u64> {
    let page = Man::new(command.clone());
    fs::write(folder.join(page.get_filename()), render(&page, command)?)?;
    let below = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help");
    below
        .map(|below| write_pages(below, folder))
        .try_fold(1, |count: u64, below| Ok(count.saturating_add(below?)))
}

/// The text of a command's page.
fn render(page: &Man, command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut end = Roff::new();
    if let Some(help) = command.get_after_help().map(StyledStr::to_string) {
        end.control("SH", ["EXAMPLES"]).control("nf", []);
        let lines = help.lines().skip(1).map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            end.text([roman(line)]);
        }
        end.control("fi", []);
    }
    end.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        end.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    end.to_writer(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};
    use clap_mangen::Man;

    use super::render;
    use crate::command_tree::Cli;

    /// The commands that do something, with the names of those above.
    fn leaves(command: &Command) -> Vec<Command> {
        if command.has_subcommands() {
            command
                .get_subcommands()
                .filter(|below| below.get_name() != "help")
                .flat_map(leaves)
                .collect()
        } else {
            vec![command.clone()]
        }
    }

    #[test]
    fn every_page_has_an_example_and_the_exit_codes() {
        let mut tree = Cli::command();
        tree.build();
        for command in leaves(&tree) {
            let page = render(&Man::new(command.clone()), &command).unwrap();
            let page = String::from_utf8(page).unwrap().replace("\\-", "-");
            let name = command.get_bin_name().unwrap();
            let (_, examples) = page.split_once(".SH EXAMPLES").unwrap_or_else(|| panic!("{name}"));
            let (examples, codes) = examples.split_once(".SH \"EXIT STATUS\"").unwrap();
            assert!(examples.contains(name), "{name}: {examples}");
            assert!(codes.contains("standard error says why"), "{name}: {codes}");
        }
    }
}
