//! Results and errors on standard output and standard error, as tables for people or as JSON for programs.

pub(crate) mod agreement;
mod cell;
mod command_output;
pub(crate) mod events;
pub(crate) mod schema;
mod table_layout;
pub(crate) mod ticks;
pub(crate) mod units;
pub(crate) mod worker;

pub(crate) use self::cell::{Cell, account_text};
pub(crate) use self::command_output::{
    CommandOutput, Fields, Table, print_error, print_event_line, print_json_error, print_line,
    print_note,
};
