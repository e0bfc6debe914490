//! The ledger: payments, gas and balances of settled agreements.

use std::collections::BTreeSet;

use alloy::primitives::{Address, U256};
use futures::future::try_join_all;
use muster_client::protocol::money;
use muster_client::{Agreement, EventRecord, Market, state_text, window_shares};

use crate::commands::ledger::steps::{Settled, burned, creditor, step, total};
use crate::commands::ledger::worker_audit::WorkerAudit;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// The ledger of one or several agreements.
pub(super) struct Ledger {
    /// Agreement, client, escrow, payments out of it, balance, slashes, compensation, burned, whether it balances.
    agreements: Vec<Vec<Cell>>,
    /// Agreement, account, role, amount, reason.
    payments: Vec<Vec<Cell>>,
    /// Agreement, step, account, gas, transaction.
    gas: Vec<Vec<Cell>>,
    /// Gas of all steps.
    total_gas: u64,
    /// Whether everything balances so far.
    balanced: bool,
}

impl Ledger {
    /// An empty ledger, which balances.
    pub(super) const fn new() -> Self {
        Self {
            agreements: Vec::new(),
            payments: Vec::new(),
            gas: Vec::new(),
            total_gas: 0,
            balanced: true,
        }
    }

    /// Whether everything balances so far.
    pub(super) const fn is_balanced(&self) -> bool {
        self.balanced
    }

    /// Adds an agreement.
    ///
    /// # Errors
    /// [`CliError::NotSettled`], or those of the market.
    pub(super) async fn add_agreement(
        &mut self,
        agreement: &Agreement,
        history: &[EventRecord],
    ) -> Result<(), CliError> {
        let address = agreement.address();
        if agreement.settlement().await?.is_none() {
            let state = state_text(agreement.state().await?);
            return Err(CliError::NotSettled { agreement: address, state });
        }
        let settled = Settled::of(history, address);
        let escrow = agreement.escrow();
        let client = Cell::address(agreement.terms().header.client);
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
            Cell::address(address),
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
            Cell::address(agreement),
            account.clone(),
            Cell::text(role),
            Cell::wei(amount),
            Cell::Text(why),
        ]);
    }

    /// Adds the payments of an agreement, and checks them against its terms and reports.
    async fn add_payouts(
        &mut self,
        agreement: &Agreement,
        settled: &Settled,
    ) -> Result<(), CliError> {
        let (address, terms) = (agreement.address(), agreement.terms());
        let progress = agreement.progress().await?;
        let shares = window_shares(terms, &progress, &agreement.reports().await?);
        let results =
            (0..).zip(terms.workers()).zip(&shares).filter_map(|((index, worker), shares)| {
                let mut results = settled.workers.iter();
                Some((index, results.find(|result| result.account == worker.account)?, shares))
            });
        self.balanced &= settled.workers.len() == shares.len();
        for (index, result, shares) in results {
            let audit = WorkerAudit::new(terms, &progress, index, result, shares);
            self.balanced &= audit.follows_rules();
            let account = Cell::address(result.account);
            self.add_payment(address, &account, "worker", result.pay, audit.pay_reason());
            if result.slash != 0 {
                self.add_payment(address, &account, "worker", result.slash, audit.slash_reason());
            }
        }
        for tester in &settled.testers {
            let why = format!("received for {} seats near the medians", tester.seats);
            self.add_payment(address, &Cell::address(tester.account), "tester", tester.fee, why);
        }
        let client = Cell::address(terms.header.client);
        let why = "received what nobody earned".to_owned();
        self.add_payment(address, &client, "client", settled.refund, why);
        if settled.compensation != 0 {
            let why = "received from bonds, of each no more than its worker was paid".to_owned();
            self.add_payment(address, &client, "client", settled.compensation, why);
        }
        Ok(())
    }

    /// Adds the gas of every transaction that changed the state of an agreement, once each.
    async fn add_gas(
        &mut self,
        agreement: &Agreement,
        history: &[EventRecord],
    ) -> Result<(), CliError> {
        let address = agreement.address();
        let steps: Vec<_> = history
            .iter()
            .filter_map(|record| {
                step(&record.event, address).map(|(step, who)| (step, who, record.transaction))
            })
            .collect();
        let node = agreement.market().node();
        let receipts = try_join_all(steps.iter().map(|(_, _, hash)| node.receipt(*hash))).await?;
        let mut counted = BTreeSet::new();
        for ((step, account, transaction), receipt) in steps.into_iter().zip(receipts) {
            // A batch of reports is one transaction with a step for each report.
            let gas =
                receipt.filter(|_| counted.insert(transaction)).map(|receipt| receipt.gas_used);
            self.total_gas = self.total_gas.saturating_add(gas.unwrap_or(0));
            self.gas.push(vec![
                Cell::address(address),
                Cell::text(step),
                account.map_or(Cell::None, Cell::Address),
                gas.map_or(Cell::None, Cell::Count),
                Cell::text(transaction),
            ]);
        }
        Ok(())
    }

    /// The whole ledger, with the market's own balance against everything that it owes.
    pub(super) async fn output(
        &mut self,
        market: &Market,
        history: &[EventRecord],
    ) -> Result<CommandOutput, CliError> {
        let workers = market.workers().await?;
        let stakes =
            workers.iter().fold(U256::ZERO, |sum, w| sum.saturating_add(U256::from(w.stake)));
        let mut accounts: BTreeSet<_> = workers.iter().map(|worker| worker.account).collect();
        accounts.extend(history.iter().filter_map(|record| creditor(&record.event)));
        let credits =
            try_join_all(accounts.into_iter().map(|account| market.credit(account))).await?;
        let credits = credits.into_iter().map(U256::from).fold(U256::ZERO, U256::saturating_add);
        let balance = market.node().balance(market.dispatcher()).await?;
        let burned = U256::from(burned(history, None));
        let solvent = balance >= stakes.saturating_add(credits).saturating_add(burned);
        self.balanced &= solvent;

        let mut output = CommandOutput::new([
            ("market", Cell::address(market.dispatcher())),
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
            output = output.table(Table::new(name, columns.iter().copied(), rows.clone()));
        }
        Ok(output)
    }
}

/// The terms in short.
fn agreement_summary(agreement: &Agreement) -> String {
    let head = agreement.terms().header;
    let (workers, length, windows) = (head.redundancy, head.length, head.windows);
    format!(
        "{workers} workers, {length} ticks, {windows} windows with {} testers each,",
        head.testers
    )
}
