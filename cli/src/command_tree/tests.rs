//! The help of every command: a purpose, examples that parse, and options under headings.

use clap::{ArgMatches, Command, CommandFactory};

use super::Cli;
use crate::options::heading;

mod operations;

/// The headings under which options stand.
const HEADINGS: [&str; 9] = [
    heading::API,
    heading::COMMAND,
    heading::GATEWAY,
    heading::TLS,
    heading::JOBS,
    heading::REFERENCE,
    heading::NETWORK,
    heading::ACCOUNT,
    heading::OUTPUT,
];

/// Every command and group with its full name, as clap shows it.
fn all_commands() -> Vec<(String, Command)> {
    let mut root = Cli::command();
    root.build();
    let mut open = vec![("muster".to_owned(), root)];
    let mut found = Vec::new();
    while let Some((name, command)) = open.pop() {
        let own = command.get_subcommands().filter(|command| command.get_name() != "help");
        open.extend(own.map(|command| (format!("{name} {}", command.get_name()), command.clone())));
        found.push((name, command));
    }
    found
}

/// The command lines in the examples of a command.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// The words of a command line; single quotes keep blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (part, quoted) in line.split('\'').zip([false, true].into_iter().cycle()) {
        if quoted {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The full name of the command that a command line names.
fn named(matches: &ArgMatches) -> String {
    let mut name = "muster".to_owned();
    let mut matches = matches;
    while let Some((part, inner)) = matches.subcommand() {
        name = format!("{name} {part}");
        matches = inner;
    }
    name
}

#[test]
fn the_command_line_does_not_contradict_itself() {
    Cli::command().debug_assert();
}

#[test]
fn no_command_has_an_argument_of_a_global_name() {
    let cli = Cli::command();
    let globals: Vec<_> = cli.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let mut commands: Vec<_> = cli.get_subcommands().collect();
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        for argument in command.get_arguments() {
            let name = argument.get_id();
            assert!(!globals.contains(name), "{}: {name}", command.get_name());
        }
    }
}

#[test]
fn every_command_says_what_it_does_and_shows_examples_that_parse() {
    for (name, command) in all_commands() {
        assert!(command.get_about().is_some(), "{name} does not say what it does");
        let examples = examples(&command);
        assert!(!examples.is_empty(), "{name} shows no example");
        for line in examples {
            let matches = Cli::command().try_get_matches_from(words(&line));
            let matches = matches.unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
            let used = named(&matches);
            assert!(used == name || used.starts_with(&format!("{name} ")), "{name}: {line}");
        }
    }
}

#[test]
fn every_argument_has_help_and_every_option_a_heading() {
    for (name, command) in all_commands() {
        // clap adds these two by itself.
        let own = command
            .get_arguments()
            .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()));
        for argument in own {
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "{name}: {id} has no help");
            let heading = argument.get_help_heading().unwrap_or_default();
            assert!(
                argument.is_positional() || HEADINGS.contains(&heading),
                "{name}: {id} is under the heading {heading:?}"
            );
        }
    }
}
