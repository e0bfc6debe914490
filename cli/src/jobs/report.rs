//! What came of a job, for people and for programs.

use std::collections::BTreeMap;

use muster_compute::{JobResult, Outcome};
use muster_daemons::client::{JobReport, Verdict};

use crate::error::JobCommandError;
use crate::output::{Cell, CommandOutput, Table, account_text, print_note};

/// The name of a verdict.
pub(crate) const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agreed => "agreed",
        Verdict::TooFew => "too few",
        Verdict::Disputed => "disputed",
        Verdict::Unanswered => "unanswered",
    }
}

/// How a program ended, in words.
fn outcome_text(outcome: Outcome) -> String {
    match outcome {
        Outcome::Exit(code) => format!("exit {code}"),
        Outcome::Trap => "trap".to_owned(),
    }
}

/// How the program of a result ended, for a table.
pub(crate) fn outcome_cell(result: Option<&JobResult>) -> Cell {
    result.map_or(Cell::None, |result| Cell::Text(outcome_text(result.outcome)))
}

/// Why the program of a job trapped, for a table.
pub(crate) fn trap_cell(report: &JobReport) -> Cell {
    report.trap.as_ref().map_or(Cell::None, Cell::text)
}

/// Why a program failed, for people: how it ended, and why it trapped.
pub(crate) fn failure_text(outcome: Outcome, trap: Option<&str>) -> String {
    let how = outcome_text(outcome);
    trap.map_or_else(|| how.clone(), |why| format!("{how}: {why}"))
}

/// Why workers have no result: each reason once, with the workers that have it.
fn failures_text(report: &JobReport) -> String {
    let mut reasons = BTreeMap::<&str, Vec<String>>::new();
    for answer in &report.answers {
        if let Err(reason) = &answer.result {
            reasons.entry(reason).or_default().push(account_text(answer.worker));
        }
    }
    let said = reasons.iter().map(|(reason, workers)| format!("{reason} ({})", workers.join(", ")));
    let said: Vec<_> = said.collect();
    if said.is_empty() {
        "no other worker of the agreement serves".to_owned()
    } else {
        said.join("; ")
    }
}

/// Why a job has no agreed result.
pub(crate) fn not_agreed(report: &JobReport) -> JobCommandError {
    let job = report.job;
    let is_disputed = report.dissenters().next().is_some();
    match report.verdict {
        Verdict::Unanswered => JobCommandError::NoResult { job, failures: failures_text(report) },
        Verdict::TooFew if !is_disputed => {
            JobCommandError::TooFewResults { job, failures: failures_text(report) }
        }
        Verdict::Agreed | Verdict::Disputed | Verdict::TooFew => JobCommandError::NotAgreed(job),
    }
}

/// The report of a job as fields and a table of workers.
pub(crate) fn report_output(report: &JobReport) -> CommandOutput {
    let result = report.result.as_ref();
    let digest = result.and_then(|result| result.digest().ok());
    let optional = |text: Option<String>| text.map_or(Cell::None, Cell::Text);
    let fields = [
        ("job", Cell::text(report.job)),
        ("verdict", Cell::text(verdict_name(report.verdict))),
        ("outcome", outcome_cell(result)),
        ("trap", trap_cell(report)),
        ("result", optional(digest.map(|digest| digest.to_string()))),
        ("stdout", optional(result.map(|result| result.stdout.to_string()))),
        ("local", optional(report.local.map(|digest| digest.to_string()))),
        ("evidence", optional(report.evidence.as_ref().map(|path| path.display().to_string()))),
    ];
    let rows = report.answers.iter().map(|answer| {
        let (result, failure) = match &answer.result {
            Ok(digest) => (Cell::text(digest), Cell::None),
            Err(reason) => (Cell::None, Cell::text(reason)),
        };
        let cpu = answer.cpu_ms.map_or(Cell::None, Cell::Count);
        vec![Cell::address(answer.worker), result, cpu, failure]
    });
    let columns = ["worker", "result", "cpu_ms", "failure"];
    CommandOutput::new(fields).table(Table::new("answers", columns, rows))
}

/// Says on standard error who ran a job, and who was alone with another result.
pub(crate) fn note_report(report: &JobReport) {
    print_note(report_output(report).text());
    for worker in report.dissenters() {
        print_note(format_args!("worker {} signed another result", account_text(worker)));
    }
    if let Some(path) = &report.evidence {
        let path = path.display();
        print_note(format_args!("evidence is in {path}: `muster job verify {path}` checks it"));
    }
}
