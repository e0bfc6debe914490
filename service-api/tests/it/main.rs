//! A client that brings a service, over HTTP.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and its name says what it is"
)]

mod bench;
#[path = "../../../compute-http/tests/it/component.rs"]
mod component;
mod manage;
mod reach;

use std::{future::Future, pin::Pin};

/// A test by its name.
type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

/// Tests by the names of their functions.
macro_rules! tests {
    ($($module:ident::$test:ident),* $(,)?) => {
        [$((stringify!($test), || Box::pin($module::$test()))),*]
    };
}

/// This program is the child process of the services that it tests, so it has no harness: one argument selects tests by
/// a part of their names.
fn main() {
    muster_compute_http::child_main();
    let tests: [Test; 11] = tests![
        manage::document_is_checked_before_anything_runs,
        manage::same_document_again_changes_nothing,
        manage::other_document_takes_the_place,
        manage::service_is_ended_and_forgotten,
        manage::service_outlives_its_host,
        manage::lines_of_the_log_are_told_from_a_number_on,
        manage::request_without_the_clients_signature_is_refused,
        manage::number_is_accepted_once_also_after_a_restart,
        reach::service_sees_the_path_without_the_prefix,
        reach::bodies_pass_both_ways,
        reach::service_that_cannot_run_is_told,
    ];
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, test) in tests {
        if only.as_ref().is_none_or(|part| name.contains(part)) {
            println!("test {name}");
            runtime.block_on(test());
        }
    }
}
