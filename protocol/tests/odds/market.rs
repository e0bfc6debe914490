//! One agreement of the tables, settled by the rules of the crate.
//!
//! One worker; fee and bond are above their minimum, and the length divides by the windows. Amounts are
//! percent of the price of the whole agreement.

use muster_protocol::abi::{Clock, Settings};
use muster_protocol::layout::{Terms, TermsHeader};
use muster_protocol::lifecycle::length_after_cancel;
use muster_protocol::money::{self, Judgement};
use muster_protocol::settings::production;
use muster_protocol::shares::{Measurement, Uptime, twelfths};

/// The constants of the tables.
pub(crate) const SETTINGS: Settings = production(Clock::Second);

/// Wei per tick.
const PRICE: u128 = 100_000_000_000_000;

/// What a seat reports on a window, in twelfths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatReport {
    /// Whether the seat belongs to the coalition.
    pub(crate) own: bool,
    /// Served probes of those made.
    pub(crate) share: u8,
    /// Served probes of all that were due.
    pub(crate) best: u8,
}

impl SeatReport {
    /// A report of a seat that made all its probes.
    pub(crate) const fn whole(own: bool, share: u8) -> Self {
        Self { own, share, best: share }
    }
}

/// What a window counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowResult {
    /// The share that it is paid by.
    pub(crate) share: u8,
    /// The share that the bond is judged by.
    pub(crate) best: u8,
    /// Paid seats of the coalition.
    pub(crate) own_fees: u8,
    /// Paid seats of others.
    pub(crate) other_fees: u8,
}

/// Judges a window as a settlement does; `None` if no seat speaks.
pub(crate) fn judge_window(reports: &[SeatReport]) -> Option<WindowResult> {
    let best = reports.iter().map(|report| report.best).max()?;
    let mut window = Measurement::default();
    let median = window.add(1, true, reports.iter().map(|report| report.share), best)?;
    let paid = |own| {
        let seats = reports.iter().filter(|seat| seat.own == own && median.pays(seat.share));
        u8::try_from(seats.count()).unwrap()
    };
    Some(WindowResult {
        share: median.share(),
        best: u8::try_from(window.best.parts().0).unwrap(),
        own_fees: paid(true),
        other_fees: paid(false),
    })
}

/// Every report that a seat can make with receipts for as many probes as it likes.
pub(crate) fn possible_reports(least_made: u8) -> Vec<SeatReport> {
    let probes = SETTINGS.probes;
    let all = (least_made..=probes).flat_map(|made| (0..=made).map(move |served| (made, served)));
    let mut reports = Vec::new();
    for (made, served) in all {
        let (share, best) = (twelfths(served, made), twelfths(served, probes));
        let report = SeatReport { own: true, share, best };
        if !reports.contains(&report) {
            reports.push(report);
        }
    }
    reports
}

/// The reports of `own` seats of a coalition in one window, in every combination, silence included.
pub(crate) fn possible_answers(own: u8, choices: &[SeatReport]) -> Vec<Vec<SeatReport>> {
    let mut answers = vec![(vec![], 0)];
    for _ in 0..own {
        // The choices of the seats ascend, so that no combination comes twice; the last one is silence.
        let longer = answers.iter().flat_map(|(answer, least)| {
            (*least..=choices.len()).map(|choice| {
                let more = choices.get(choice).copied();
                (answer.iter().copied().chain(more).collect(), choice)
            })
        });
        answers = longer.collect();
    }
    answers.into_iter().map(|(answer, _)| answer).collect()
}

/// The shape of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Windows.
    pub(crate) windows: u8,
    /// Seats of a window.
    pub(crate) testers: u8,
    /// Ticks of a window.
    pub(crate) ticks: u32,
    /// The worker's promise in basis points.
    pub(crate) promise: u16,
}

impl Shape {
    /// Windows of twice the shortest length, so that cancelling is limited by the count of windows alone; a
    /// promise of 9 500.
    pub(crate) const fn long(windows: u8, testers: u8) -> Self {
        Self { windows, testers, ticks: 2 * SETTINGS.minLength, promise: 9_500 }
    }

    /// Ticks from start to end.
    pub(crate) fn length(self) -> u32 {
        self.ticks * u32::from(self.windows)
    }

    /// The numbers of windows after which a client can end the agreement, ascending.
    pub(crate) fn stops(self) -> Vec<u8> {
        let header = TermsHeader {
            length: self.length(),
            min_length: SETTINGS.minLength,
            windows: self.windows,
            testers: self.testers,
            ..TermsHeader::default()
        };
        let terms = Terms::new(header, []);
        let ends = (0..self.windows)
            .map(|window| length_after_cancel(&header, self.ticks * u32::from(window)));
        let mut stops: Vec<_> = ends.map(|end| terms.windows_in(end)).collect();
        stops.push(self.windows);
        stops.dedup();
        stops
    }

    /// Wei in percent of the price of the whole agreement.
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "tables have two decimals"
    )]
    fn percent_of_price(self, wei: u128) -> f64 {
        wei as f64 * 100.0 / money::cost(PRICE, self.length()) as f64
    }

    /// Fee of a seat, and bond, in wei.
    fn amounts(self) -> (u128, u128) {
        let Settings { testerFeeBps, minTesterFee, bondBps, minBond, .. } = SETTINGS;
        let fee = money::fee(PRICE, self.ticks, testerFeeBps, minTesterFee);
        (fee, money::bond(PRICE, self.length(), bondBps, minBond))
    }
}

/// The windows of an agreement, added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// By the medians.
    pub(crate) paid: Uptime,
    /// By the best shares.
    pub(crate) best: Uptime,
    /// Paid seats of the coalition.
    pub(crate) own_fees: u32,
    /// Paid seats of others.
    pub(crate) other_fees: u32,
}

impl Tally {
    /// Adds as many windows of the same result.
    pub(crate) fn add(&mut self, count: u8, shape: Shape, window: WindowResult) {
        let ticks = shape.ticks * u32::from(count);
        self.paid.add(ticks, window.share);
        self.best.add(ticks, window.best);
        self.add_fees(count, window);
    }

    /// Adds the fees of as many windows of the same result.
    pub(crate) fn add_fees(&mut self, count: u8, window: WindowResult) {
        self.own_fees += u32::from(window.own_fees) * u32::from(count);
        self.other_fees += u32::from(window.other_fees) * u32::from(count);
    }

    /// The slash in wei of a worker that is judged for `ticks` ticks.
    fn slash(&self, shape: Shape, ticks: u32, resigned: bool) -> u128 {
        let judgement = Judgement { best: self.best, ticks, resigned };
        money::slash(shape.amounts().1, shape.length(), shape.promise, &judgement)
    }

    /// The slash of a worker that is judged for `ticks` ticks, in percent of the price.
    pub(crate) fn slash_after(&self, shape: Shape, ticks: u32, resigned: bool) -> f64 {
        shape.percent_of_price(self.slash(shape, ticks, resigned))
    }

    /// The amounts after `windows` finished windows.
    pub(crate) fn settle(&self, shape: Shape, windows: u8, resigned: bool) -> Outcome {
        let fee = shape.amounts().0;
        let ticks = shape.ticks * u32::from(windows);
        let pay = money::pay(PRICE, ticks, shape.promise, self.paid);
        let slash = self.slash(shape, ticks, resigned);
        let percent = |wei| shape.percent_of_price(wei);
        Outcome {
            pay: percent(pay),
            slash: percent(slash),
            compensation: percent(money::compensation(slash, pay)),
            own_fees: percent(fee * u128::from(self.own_fees)),
            other_fees: percent(fee * u128::from(self.other_fees)),
        }
    }
}

/// A settlement, in percent of the price of the whole agreement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Of the worker.
    pub(crate) pay: f64,
    /// Of the worker.
    pub(crate) slash: f64,
    /// Of the client.
    pub(crate) compensation: f64,
    /// Of the coalition's seats.
    pub(crate) own_fees: f64,
    /// Of the other seats.
    pub(crate) other_fees: f64,
}

/// What a worker that never accepts loses.
pub(crate) fn absence(shape: Shape) -> f64 {
    shape.percent_of_price(money::tenth(shape.amounts().1))
}

/// A percentage with two decimals and no negative zero.
pub(crate) fn percent(part: f64) -> String {
    let text = format!("{part:.2} %").replace('-', "−");
    if text == "−0.00 %" { "0.00 %".to_owned() } else { text }
}
