//! `muster ledger`: who paid, who received what and why, what it cost in gas, and whether all of it
//! adds up. What one worker is owed, and why, is in [`part`].

mod worker_share;

use std::collections::BTreeSet;

use alloy::primitives::{Address, U256};
use clap::Args;
use futures::future::try_join_all;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents as AgreementEvents;
use muster_client::protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as DispatcherEvents;
use muster_client::protocol::money;
use muster_client::{Agreement, EventRecord, Market, MarketEvent, state_text, votes};

use crate::commands::ledger::worker_share::WorkerShare;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// What to account for.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Settled agreements
    #[arg(required = true, value_name = "AGREEMENT", value_parser = parse::contract_address)]
    agreements: Vec<Address>,
}

/// The account of one agreement, or of several.
#[derive(Default)]
struct Ledger {
    /// Agreement, client, escrow, what came out of it, what is left, what was slashed, who got that, whether
    /// it adds up.
    agreements: Vec<Vec<Cell>>,
    /// Agreement, account, role, amount, why.
    payments: Vec<Vec<Cell>>,
    /// Agreement, step, account, gas, transaction.
    gas: Vec<Vec<Cell>>,
    /// Gas of all steps.
    total_gas: u64,
    /// Whether everything adds up so far.
    balanced: bool,
}

/// Prints the ledger; fails if something in it does not add up.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let history = market.history(0, market.node().head().await?.number).await?;
    let mut ledger = Ledger { balanced: true, ..Ledger::default() };
    for address in options.agreements {
        ledger.add_agreement(&market.agreement(address).await?, &history).await?;
    }
    let page = ledger.output(&market, &history).await?;
    context.print(&page)?;
    if ledger.balanced { Ok(()) } else { Err(CliError::LedgerUnbalanced) }
}

impl Ledger {
    /// Adds an agreement.
    async fn add_agreement(
        &mut self,
        agreement: &Agreement,
        history: &[EventRecord],
    ) -> Result<(), CliError> {
        let address = agreement.address();
        let Some(settled) = agreement.settlement().await? else {
            let state = state_text(agreement.state().await?);
            return Err(CliError::NotSettled { agreement: address, state });
        };
        let escrow = agreement.escrow();
        let client = Cell::text(agreement.terms().header.client);
        let out = [settled.refund]
            .into_iter()
            .chain(settled.workers.iter().map(|worker| worker.pay))
            .chain(settled.testers.iter().map(|tester| tester.fee));
        let out = total(out);
        let left = agreement.market().node().balance(address).await?;
        let slashed = total(settled.workers.iter().map(|worker| worker.slash));
        let compensation =
            total(settled.workers.iter().map(|w| money::compensation(w.slash, w.pay)));
        let burned = burned(history, Some(address));
        let fees = total(settled.workers.iter().map(|worker| worker.fees));
        let balanced = out == escrow
            && left.is_zero()
            && settled.compensation == compensation
            && slashed == settled.compensation.saturating_add(burned)
            && fees == total(settled.testers.iter().map(|tester| tester.fee));
        self.balanced &= balanced;
        self.agreements.push(vec![
            Cell::text(address),
            client.clone(),
            Cell::wei(escrow),
            Cell::wei(out),
            Cell::Wei(left),
            Cell::wei(slashed),
            Cell::wei(settled.compensation),
            Cell::wei(burned),
            Cell::Flag(balanced),
        ]);
        let why = format!(
            "paid {} for the price and the fees of all seats",
            agreement_summary(agreement)
        );
        self.add_payment(address, &client, "client", escrow, why);
        self.add_payouts(agreement, &settled).await?;
        if burned != 0 {
            let why = "burned: what bonds lost beyond what their workers were paid".to_owned();
            self.add_payment(address, &Cell::None, "nobody", burned, why);
        }
        self.add_gas(agreement, history).await
    }

    /// Adds a payment.
    fn add_payment(
        &mut self,
        agreement: Address,
        account: &Cell,
        role: &str,
        amount: u128,
        why: String,
    ) {
        self.payments.push(vec![
            Cell::text(agreement),
            account.clone(),
            Cell::text(role),
            Cell::wei(amount),
            Cell::Text(why),
        ]);
    }

    /// Adds what an agreement paid, and checks it against its terms and reports.
    async fn add_payouts(
        &mut self,
        agreement: &Agreement,
        settled: &AgreementSettled,
    ) -> Result<(), CliError> {
        let (address, terms) = (agreement.address(), agreement.terms());
        let progress = agreement.progress().await?;
        let worker_votes = votes(terms, &progress, &agreement.reports().await?);
        for ((index, result), votes) in (0..).zip(&settled.workers).zip(&worker_votes) {
            let part = WorkerShare::new(terms, &progress, index, result, votes);
            self.balanced &= part.follows_rules();
            let account = Cell::text(result.account);
            self.add_payment(address, &account, "worker", result.pay, part.pay_reason());
            if result.slash != 0 {
                self.add_payment(address, &account, "worker", result.slash, part.slash_reason());
            }
        }
        for tester in &settled.testers {
            let why = format!("received for {} seats that agreed with the verdict", tester.seats);
            self.add_payment(address, &Cell::text(tester.account), "tester", tester.fee, why);
        }
        let client = Cell::text(settled.client);
        let why = "received what nobody earned".to_owned();
        self.add_payment(address, &client, "client", settled.refund, why);
        if settled.compensation != 0 {
            let why = "received from bonds, of each no more than its worker was paid".to_owned();
            self.add_payment(address, &client, "client", settled.compensation, why);
        }
        Ok(())
    }

    /// Adds the gas of every transaction that moved an agreement on.
    async fn add_gas(
        &mut self,
        agreement: &Agreement,
        history: &[EventRecord],
    ) -> Result<(), CliError> {
        let address = agreement.address();
        let steps: Vec<_> = history
            .iter()
            .filter_map(|item| {
                step(&item.event, address).map(|(step, who)| (step, who, item.transaction))
            })
            .collect();
        let node = agreement.market().node();
        let receipts = try_join_all(steps.iter().map(|(_, _, hash)| node.receipt(*hash))).await?;
        for ((step, account, transaction), receipt) in steps.into_iter().zip(receipts) {
            let gas = receipt.map(|receipt| receipt.gas_used);
            self.total_gas = self.total_gas.saturating_add(gas.unwrap_or(0));
            self.gas.push(vec![
                Cell::text(address),
                Cell::text(step),
                account.map_or(Cell::None, Cell::text),
                gas.map_or(Cell::None, Cell::Count),
                Cell::text(transaction),
            ]);
        }
        Ok(())
    }

    /// The whole ledger, with the market's own balance against everything it owes.
    async fn output(
        &mut self,
        market: &Market,
        history: &[EventRecord],
    ) -> Result<CommandOutput, CliError> {
        let workers = market.workers().await?;
        let stakes =
            workers.iter().fold(U256::ZERO, |sum, w| sum.saturating_add(U256::from(w.stake)));
        let mut accounts: BTreeSet<_> = workers.iter().map(|worker| worker.account).collect();
        accounts.extend(history.iter().filter_map(|item| creditor(&item.event)));
        let credits =
            try_join_all(accounts.into_iter().map(|account| market.credit(account))).await?;
        let credits = credits.into_iter().map(U256::from).fold(U256::ZERO, U256::saturating_add);
        let balance = market.node().balance(market.dispatcher()).await?;
        let burned = U256::from(burned(history, None));
        let solvent = balance >= stakes.saturating_add(credits).saturating_add(burned);
        self.balanced &= solvent;

        let mut page = CommandOutput::new([
            ("market", Cell::text(market.dispatcher())),
            ("balance", Cell::Wei(balance)),
            ("stakes", Cell::Wei(stakes)),
            ("credits", Cell::Wei(credits)),
            ("burned", Cell::Wei(burned)),
            ("solvent", Cell::Flag(solvent)),
            ("balanced", Cell::Flag(self.balanced)),
            ("gas", Cell::Count(self.total_gas)),
        ]);
        let tables = [
            (
                "agreements",
                [
                    "agreement",
                    "client",
                    "escrow",
                    "paid_out",
                    "left",
                    "slashed",
                    "compensation",
                    "burned",
                    "balanced",
                ]
                .as_slice(),
                &self.agreements,
            ),
            ("payments", &["agreement", "account", "role", "amount", "why"], &self.payments),
            ("steps", &["agreement", "step", "account", "gas", "transaction"], &self.gas),
        ];
        for (name, columns, rows) in tables {
            page = page.table(Table::new(name, columns.iter().copied(), rows.clone()));
        }
        Ok(page)
    }
}

/// What was agreed, in short.
fn agreement_summary(agreement: &Agreement) -> String {
    let head = agreement.terms().header;
    let (workers, length, windows) = (head.redundancy, head.length, head.windows);
    format!(
        "{workers} workers, {length} ticks, {windows} windows with {} testers each,",
        head.testers
    )
}

/// The sum of amounts.
fn total(amounts: impl Iterator<Item = u128>) -> u128 {
    amounts.fold(0, u128::saturating_add)
}

/// What was burned by one agreement, or by all.
fn burned(history: &[EventRecord], agreement: Option<Address>) -> u128 {
    total(history.iter().filter_map(|item| match &item.event {
        MarketEvent::Dispatcher(DispatcherEvents::Burned(e))
            if agreement.is_none_or(|agreement| agreement == e.agreement) =>
        {
            Some(e.amount)
        }
        _ => None,
    }))
}

/// What an event is in the life of an agreement, and whose doing; `None` if it is of no step of this one.
fn step(event: &MarketEvent, agreement: Address) -> Option<(&'static str, Option<Address>)> {
    match event {
        MarketEvent::Dispatcher(DispatcherEvents::ContractBought(e))
            if e.agreement == agreement =>
        {
            Some(("purchase", Some(e.client)))
        }
        MarketEvent::Dispatcher(DispatcherEvents::AgreementSettled(e))
            if e.agreement == agreement =>
        {
            Some(("settle", None))
        }
        MarketEvent::Agreement(address, AgreementEvents::Accepted(e)) if *address == agreement => {
            Some(("accept", Some(e.worker)))
        }
        MarketEvent::Agreement(address, AgreementEvents::Resigned(e)) if *address == agreement => {
            Some(("resign", Some(e.worker)))
        }
        MarketEvent::Agreement(address, AgreementEvents::Cancelled(_)) if *address == agreement => {
            Some(("cancel", None))
        }
        MarketEvent::Agreement(address, AgreementEvents::Reported(e)) if *address == agreement => {
            Some(("report", Some(e.tester)))
        }
        _ => None,
    }
}

/// Who may have credit because of an event, beside registered accounts.
const fn creditor(event: &MarketEvent) -> Option<Address> {
    match event {
        MarketEvent::Dispatcher(DispatcherEvents::ContractBought(e)) => Some(e.client),
        MarketEvent::Dispatcher(DispatcherEvents::Credited(e)) => Some(e.account),
        _ => None,
    }
}
