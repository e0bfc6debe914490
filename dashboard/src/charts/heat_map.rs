//! What was measured of each worker in each window by each tester.

use maud::{Markup, html};
use muster_index::query::{Account, AgreementWorker, SeatReport, WindowReport};

use crate::{parts, text};

/// The class of a share: all, some or nothing of the due probes was served.
const fn share_class(share: u8) -> &'static str {
    match share {
        0 => "share-none",
        12 => "share-full",
        _ => "share-part",
    }
}

/// One share, in twelfths, or none.
fn share(share: Option<u8>) -> Markup {
    html! {
        @if let Some(share) = share {
            td class=(share_class(share)) { (text::twelfths(share)) }
        } @else {
            td.no-share { "–" }
        }
    }
}

/// The testers that reported of a worker: place and account, in the order of their places.
fn testers(worker: &AgreementWorker) -> Vec<(u32, Account)> {
    let seats = worker.windows.iter().flat_map(|window| &window.seats);
    let mut all: Vec<_> = seats.map(|seat| (seat.place, seat.tester)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A row for each tester, a column for each of these windows.
fn tester_rows(worker: &AgreementWorker, windows: u8) -> Markup {
    let seat = |window: u8, place: u32| -> Option<&SeatReport> {
        let found = worker.windows.iter().find(|report| report.window == window)?;
        found.seats.iter().find(|seat| seat.place == place)
    };
    html! {
        @for (place, tester) in testers(worker) {
            tr {
                th scope="row" { "tester " (parts::account_link(tester)) " at place " (place) }
                @for window in 0..windows { (share(seat(window, place).map(|seat| seat.share))) }
            }
        }
    }
}

/// The heat map of an agreement with so many windows: for each worker what counts, then what each tester reported.
pub(crate) fn heat_map(workers: &[AgreementWorker], windows: u8) -> Markup {
    let caption = "Shares of the probes that were served, by worker, window and tester";
    let counts = |worker: &AgreementWorker, window: u8| {
        let found = worker.windows.iter().find(|report| report.window == window);
        found.and_then(|report: &WindowReport| report.share)
    };
    html! {
        div.scroll role="group" aria-label=(caption) tabindex="0" {
            table.heat {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "Who" }
                        @for window in 0..windows { th scope="col" { "Window " (window) } }
                    }
                }
                @for worker in workers {
                    tbody {
                        tr.counts {
                            th scope="row" { "worker " (parts::account_link(worker.account)) ": what counts" }
                            @for window in 0..windows { (share(counts(worker, window))) }
                        }
                        (tester_rows(worker, windows))
                    }
                }
            }
        }
    }
}
