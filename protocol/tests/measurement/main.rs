//! A simulation of windows: what seats and medians measure of workers that are up now and then, beside what the
//! client is really served. The tables are those of docs/measurement.md, compared character by character.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the numbers are small enough, and a panic fails the test"
)]

mod behaviour;
#[path = "../odds/document.rs"]
mod document;
mod random;
mod window;

use behaviour::Behaviour;
use window::{Client, Measured, Placing, measure};

/// Windows of each simulation.
const WINDOWS: u32 = 4_032; // 42 days

/// The furthest that seats and medians may be from the client's share, in percent.
const LIMIT: f64 = 2.0;

/// A client like the testers: five keys, each for as many requests as a seat makes probes.
const LIGHT: Client = Client { keys: 5, requests: 12 };

/// A percentage with two decimals and no negative zero.
fn percent(part: f64) -> String {
    let text = format!("{part:.2} %").replace('-', "−");
    if text == "−0.00 %" { "0.00 %".to_owned() } else { text }
}

/// The Markdown table of simulations, and their results.
fn simulate<'a, const N: usize>(
    title: &str,
    rows: [(&'a str, Behaviour, Placing, Client); N],
) -> (String, [(&'a str, Measured); N]) {
    let mut table = format!(
        "| {title} | up | the client is served | seats measure | off by | medians | off by |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let rows = rows.map(|(name, behaviour, placing, client)| {
        let measured = measure(behaviour, placing, client, WINDOWS);
        let Measured { up, client, seats, medians } = measured;
        let cells = [client, seats, seats - client, medians, medians - client].map(percent);
        let up = if behaviour.is_by_key() { "by key".to_owned() } else { percent(up) };
        table.extend([format!("| {name} | {up} | {} |\n", cells.join(" | "))]);
        (name, measured)
    });
    (table, rows)
}

/// Asserts that docs/measurement.md contains a table.
fn assert_printed(table: &str) {
    document::assert_printed_in("measurement.md", table);
}

#[test]
fn seats_and_medians_measure_what_the_client_is_served() {
    let rows = Behaviour::ALL.map(|(name, worker)| (name, worker, Placing::Random, LIGHT));
    let (table, rows) = simulate("the worker treats all keys alike", rows);
    for (name, Measured { client, seats, medians, .. }) in rows {
        assert!((seats - client).abs() <= LIMIT, "{name}: seats {seats}, client {client}");
        assert!((medians - client).abs() <= LIMIT, "{name}: medians {medians}, client {client}");
    }
    assert_printed(&table);
}

/// A median says what most seats say, so a worker that refuses a minority of keys is paid for them too.
#[test]
fn seats_but_not_medians_measure_a_worker_that_refuses_some_keys() {
    let rows = Behaviour::BY_KEY.map(|(name, worker)| (name, worker, Placing::Random, LIGHT));
    let (table, rows) = simulate("the worker treats keys differently", rows);
    for (name, Measured { client, seats, medians, .. }) in rows {
        assert!((seats - client).abs() <= LIMIT, "{name}: seats {seats}, client {client}");
        assert!(medians - client <= 10.0, "{name}: medians {medians}, client {client}");
    }
    assert_printed(&table);
}

/// If every seat asks once in each twelfth of the window, a worker that goes down as soon as every key has asked
/// is measured at 100 %.
#[test]
fn one_probe_for_each_part_can_be_played() {
    let client = Client { keys: 1, requests: 12 };
    let worker = Behaviour::UntilAllAskedInPart;
    let rows = [
        ("in each twelfth", worker, Placing::EachPart, client),
        ("at random moments", worker, Placing::Random, client),
    ];
    let title = "how three seats and one key of the client ask";
    let (table, [(_, each_part), (_, random)]) = simulate(title, rows);
    assert!(each_part.seats > 99.9 && (each_part.up - 80.0).abs() < 0.5, "{each_part:?}");
    assert!((random.seats - random.client).abs() <= LIMIT, "{random:?}");
    assert_printed(&table);
}

/// The keys of a client must carry as many requests as those of testers: a worker can count.
#[test]
fn a_client_whose_keys_carry_other_numbers_of_requests_is_not_measured() {
    let rows = [
        (
            "3 requests each; answers from a key's fourth request on",
            Behaviour::FromRequest(3),
            Placing::Random,
            Client { keys: 5, requests: 3 },
        ),
        (
            "60 requests each; answers a key's first 12",
            Behaviour::FirstRequests(12),
            Placing::Random,
            Client { keys: 5, requests: 60 },
        ),
    ];
    let (table, rows) = simulate("how the client's keys differ", rows);
    for (name, Measured { client, seats, .. }) in rows {
        assert!(seats - client > 50.0, "{name}: seats {seats}, client {client}");
    }
    assert_printed(&table);
}
