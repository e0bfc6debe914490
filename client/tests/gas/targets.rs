//! The targets of the design, next to the measurements.

use std::collections::BTreeMap;

use crate::rows::Row;
use crate::snapshot::table;

/// A step, how it is computed from the rows, and its target.
type Target = (&'static str, fn(&Rows<'_>) -> u64, u64);

/// Gas by the name of the row.
struct Rows<'a>(BTreeMap<&'a str, u64>);

impl Rows<'_> {
    /// The gas of a step of the default agreement with this many workers.
    fn of(&self, workers: u64, step: &str) -> u64 {
        self.0[&*format!("{workers} × 3: {step}")]
    }
}

/// All targets.
const TARGETS: [Target; 13] = [
    ("register with key, type, price, stake", |rows| rows.0[REGISTER], 140_000),
    ("register, between two others", |rows| rows.0[BETWEEN], 140_000),
    ("buy: escrow, agreement, tester plan", |rows| rows.of(1, "buyContract"), 145_000),
    ("accept, first", |rows| rows.of(1, "accept, first"), 65_000),
    ("accept, next", |rows| rows.of(8, "accept, last"), 40_000),
    ("report of one tester over four windows", |rows| rows.of(1, "report"), 85_000),
    ("batch of 3 reports over four windows", |rows| rows.of(1, "reportBatch"), 150_000),
    ("batch of 12 reports with one seat each", |rows| rows.0[TWELVE_BATCH], 260_000),
    ("settle, credits used before", |rows| rows.of(1, "settle, credits in use"), 125_000),
    ("settle, all new", |rows| rows.of(1, "settle, all credits new"), 195_000),
    ("whole life with a batch, a list of 3 testers", |rows| rows.of(1, WHOLE), 450_000),
    ("whole life with a batch, 12 different testers", |rows| rows.0[TWELVE_WHOLE], 650_000),
    ("settle at the caps", |rows| rows.0["8 × 3, 21 windows: settle, all credits new"], 3_000_000),
];

/// The row of a new worker that asks more than all others.
const REGISTER: &str = "registerWorker, at an end of the book";

/// The row of a new worker with others in front of and behind it.
const BETWEEN: &str = "registerWorker, between two others";

/// A row of every size.
const WHOLE: &str = "whole life with a batch";

/// The row of a batch of twelve reports.
const TWELVE_BATCH: &str = "1 × 3, 12 testers: reportBatch";

/// The row of a life with such a batch.
const TWELVE_WHOLE: &str = "1 × 3, 12 testers: whole life with a batch";

/// The table of the page.
pub(crate) fn compared(rows: &[Row]) -> String {
    let rows = Rows(rows.iter().map(|(name, gas)| (&**name, *gas)).collect());
    let lines = TARGETS.iter().map(|(step, measured, most)| {
        let gas = measured(&rows);
        let met = if gas <= *most { "yes" } else { "no" };
        vec![(*step).to_owned(), most.to_string(), gas.to_string(), met.to_owned()]
    });
    table(&["step", "at most", "measured", "met"], lines)
}
