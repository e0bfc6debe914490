//! One file for each command: its options, and `run`. A group of commands is a file that lists them, and a folder.

pub(crate) mod agreement;
pub(crate) mod client;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod credit;
pub(crate) mod deploy;
pub(crate) mod devnode;
pub(crate) mod example;
pub(crate) mod fund;
pub(crate) mod history;
pub(crate) mod job;
pub(crate) mod keepalive;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod man;
pub(crate) mod map;
pub(crate) mod market;
pub(crate) mod program;
pub(crate) mod relay;
pub(crate) mod release;
pub(crate) mod run;
pub(crate) mod settle;
pub(crate) mod tester;
pub(crate) mod watch;
pub(crate) mod withdraw;
pub(crate) mod worker;
