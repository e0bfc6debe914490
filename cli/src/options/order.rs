//! Options of an order.

use std::fmt::Display;

use clap::Args;
use futures::future::try_join_all;
use muster_client::protocol::abi::Clock;
use muster_client::protocol::layout::Terms;
use muster_client::{Application, Market};
use muster_daemons::client::OrderTerms;

use crate::clock::{self, Moment, Span};
use crate::error::CliError;
use crate::hired_worker::{HiredWorker, hired_worker};
use crate::options::application::{ApplicationArg, NamedApplication};
use crate::options::heading;
use crate::parse;

/// An order. Without any option but redundancy and length, the market's default terms apply.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct OrderArgs {
    /// Number of different workers, 1 to 8
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) redundancy: u8,

    /// Hire this worker; repeat it to hire several, and no others
    #[arg(long, value_name = "NUMBER|ADDRESS", value_parser = hired_worker, conflicts_with_all = ["redundancy", "start"])]
    pub(crate) worker: Vec<HiredWorker>,

    /// Length of the agreement [default: the market's shortest]
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length)]
    pub(crate) length: Option<Span>,

    /// Application: a name of up to 8 bytes, or its document, by which the workers must serve then [default: that of the hired
    /// workers, or 0]
    #[arg(long, value_name = "NAME|FILE|URL")]
    pub(crate) application: Option<ApplicationArg>,

    /// Number of windows, each of which is judged by itself, 1 to 21
    #[arg(long, value_name = "N")]
    pub(crate) windows: Option<u8>,

    /// Testers of each window: 0, or odd from 3 to 15
    #[arg(long, value_name = "N")]
    pub(crate) testers: Option<u8>,

    /// Lowest score of a worker, in basis points or as a percentage
    #[arg(long, value_name = "PERCENT", value_parser = parse::basis_points)]
    pub(crate) min_score: Option<u16>,

    /// Lowest promised uptime of a worker, in basis points or as a percentage
    #[arg(long, value_name = "PERCENT", value_parser = parse::basis_points)]
    pub(crate) min_uptime: Option<u16>,

    /// Last tick at which the purchase is valid, or a date, or a time from now
    #[arg(long, value_name = "TICK|DATE|TIME", value_parser = clock::moment)]
    pub(crate) expiry: Option<Moment>,

    /// Number of the listed worker to start from [default: the cheapest]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) start: Option<u32>,
}

impl OrderArgs {
    /// The options in the market's terms, for an order of this application.
    ///
    /// # Errors
    /// [`CliError::NoWorker`] for a worker to hire that is not registered, or those of the market.
    pub(crate) async fn terms(
        &self,
        market: &Market,
        application: Option<Application>,
    ) -> Result<OrderTerms, CliError> {
        let hired = try_join_all(self.worker.iter().map(|hired| hired.find(market))).await?;
        let length = match self.length {
            Some(length) => Some(length.ticks(market).await?),
            None => None,
        };
        let expiry = match self.expiry {
            Some(moment) => Some(moment.tick(market).await?),
            None => None,
        };
        Ok(OrderTerms {
            redundancy: self.redundancy,
            workers: hired.iter().map(|worker| worker.number).collect(),
            length,
            application,
            windows: self.windows,
            testers: self.testers,
            min_score: self.min_score,
            min_uptime: self.min_uptime,
            expiry,
            start: self.start,
        })
    }

    /// The options that were given and that an agreement's terms contradict, as `length 240, not 241`. `length` is that of
    /// the option by the market's clock, and `application` that of the option.
    pub(crate) fn contradictions(
        &self,
        terms: &Terms,
        length: Option<u32>,
        application: Option<Application>,
    ) -> Vec<String> {
        let header = &terms.header;
        let clock = if header.seconds { Clock::Second } else { Clock::ArbBlock };
        let agrees = |span: Span, ticks| span.agrees(ticks, header.length, clock);
        let length = self.length.zip(length).filter(|(span, ticks)| !agrees(*span, *ticks));
        let redundancy = match u8::try_from(self.worker.len()) {
            Ok(0) | Err(_) => self.redundancy,
            Ok(hired) => hired,
        };
        let application = application.map(|application| application.to_string());
        [
            ("redundancy", header.redundancy.to_string(), Some(redundancy.to_string())),
            ("length", header.length.to_string(), length.map(|(_, ticks)| ticks.to_string())),
            ("application", Application(header.application).to_string(), application),
            (
                "windows",
                header.windows.to_string(),
                self.windows.map(|windows| windows.to_string()),
            ),
            (
                "testers",
                header.testers.to_string(),
                self.testers.map(|testers| testers.to_string()),
            ),
        ]
        .into_iter()
        .filter_map(|(name, is, given)| {
            given.filter(|given| *given != is).map(|given| format!("{name} {is}, not {given}"))
        })
        .collect()
    }

    /// The application of the option, if it was given.
    ///
    /// # Errors
    /// Those of its document.
    pub(crate) async fn named_application(&self) -> Result<Option<NamedApplication>, CliError> {
        match &self.application {
            Some(application) => Ok(Some(application.resolve().await?)),
            None => Ok(None),
        }
    }

    /// The options as one line, the same for the same order whatever the types in this file are called:
    /// `client buy --once` stores the purchase under its hash. Options that are not given have no value.
    pub(crate) fn canonical_text(&self) -> String {
        let mut workers: Vec<_> = self.worker.iter().map(HiredWorker::to_string).collect();
        workers.sort_unstable();
        let application = self.application.as_ref().map(ApplicationArg::canonical_text);
        [
            ("redundancy", self.redundancy.to_string()),
            ("worker", workers.join(",")),
            ("length", text(self.length)),
            ("application", text(application)),
            ("windows", text(self.windows)),
            ("testers", text(self.testers)),
            ("min-score", text(self.min_score)),
            ("min-uptime", text(self.min_uptime)),
            ("expiry", text(self.expiry)),
            ("start", text(self.start)),
        ]
        .map(|(name, value)| format!("{name}={value}"))
        .join(";")
    }
}

/// The value of an option, empty if it is not given.
fn text(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::OrderArgs;

    /// The order that these options describe.
    fn order(args: &str) -> OrderArgs {
        let command = OrderArgs::augment_args(Command::new("order"));
        let matches =
            command.get_matches_from(["order"].into_iter().chain(args.split_whitespace()));
        OrderArgs::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn a_time_has_the_same_text_however_it_is_written() {
        let text = order("--length 2h --expiry 2026-12-24T18:00Z").canonical_text();
        assert_eq!(text, order("--length 120m --expiry 2026-12-24T19:00+01:00").canonical_text());
        assert!(
            text.contains("length=7200000ms;") && text.contains("expiry=2026-12-24T18:00:00Z;")
        );
    }

    #[test]
    fn the_canonical_text_names_every_option() {
        let text = "redundancy=1;worker=;length=;application=;windows=;testers=;min-score=;min-uptime=;expiry=;start=";
        assert_eq!(order("").canonical_text(), text);
        let all = "--redundancy 2 --length 240 --application render --windows 3 --testers 5 --min-score 90% \
            --min-uptime 95% --expiry 99 --start 4";
        let text = "redundancy=2;worker=;length=240;application=0x72656e6465720000;windows=3;testers=5;\
            min-score=9000;min-uptime=9500;expiry=99;start=4";
        assert_eq!(order(all).canonical_text(), text);
        let hired = "redundancy=1;worker=0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E,4;length=;application=;windows=;\
            testers=;min-score=;min-uptime=;expiry=;start=";
        for args in ["--worker 4 --worker dev", "--worker dev --worker 4"] {
            assert_eq!(order(args).canonical_text(), hired);
        }
    }
}
