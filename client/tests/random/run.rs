//! A run: steps on both sides, and the comparisons and invariants after each.

use alloy::primitives::{Address, B256, Bytes, IntoLogData, LogData, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolError, SolEvent};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementCalls, acceptCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AbsentReleased, AgreementSettled, IWorkerDispatcherEvents as DispatcherEvents, Reentered,
};
use muster_client::protocol::model::{ModelCall, ModelEvent, ModelOutcome, ModelRevert};

use crate::chain::{BlockTime, Query, QueryResult, TxRequest};
use crate::env::DifferentialEnv;
use crate::evm;
use crate::observables::{Observable, is_equal, revert_data};
use crate::reports::Signatures;
use crate::rng::SeededRng;
use crate::stats::Stats;
use crate::steps::{Step, agreement_call};

/// After this many steps, everything is compared.
const FULL_COMPARISON_INTERVAL: u64 = 50;

/// A market and its run.
pub(crate) struct RandomRun {
    /// The market.
    env: DifferentialEnv,
    /// The generator of all choices.
    rng: SeededRng,
    /// Where the run is, for the message of a failure.
    context: String,
    /// The statistics so far.
    stats: Stats,
}

impl RandomRun {
    /// Runs this many steps from a seed. Returns the statistics and the hash of the last block;
    /// panics at the first difference.
    pub(crate) async fn execute(seed: u64, steps: u64) -> (Stats, B256) {
        let mut rng = SeededRng::new(seed);
        let env = DifferentialEnv::new(&mut rng).await;
        let mut run = Self { env, rng, context: String::new(), stats: Stats::default() };
        for number in 1..=steps {
            let when = run.env.next_block_time(&mut run.rng);
            let height = run.env.chain.height + when.blocks + 1;
            run.env.model.begin_block(height, when.time);
            let mut signed = Signatures::default();
            let step = run.env.next_step(&mut run.rng, &mut signed);
            signed.record(&mut run.env.model);
            run.context = format!(
                "repeat with MUSTER_SEED={seed} MUSTER_STEPS={number}\nstep {number}, tick {}: \
                 {step:?}\nsettings: {:?}",
                run.env.model.tick(),
                run.env.model.settings()
            );
            match step {
                Step::Call(from, call, value) => run.apply_call(from, call, value, when).await,
                Step::ForceTransfer(to, value) => run.force_transfer(to, value, when).await,
            }
            run.check_total(U256::from(run.env.model.total_balance()));
            if number % FULL_COMPARISON_INTERVAL == 0 || number == steps {
                run.compare_everything().await;
            }
        }
        (run.stats, run.env.chain.head_hash().await)
    }

    /// Applies a call to both sides.
    async fn apply_call(&mut self, from: Address, call: ModelCall, value: u128, when: BlockTime) {
        let payer = if self.env.is_contract(from) { self.env.operator } else { from };
        self.env.model.transfer(payer, from, value);
        let expected = self.env.model.call(from, value, &call);
        if expected.is_err() {
            self.env.model.transfer(from, payer, value);
        }
        let events = expected.as_ref().map_or(&[][..], |done| &done.events);
        let observables = self.env.affected(from, &call, events);
        let (to, data) = self.env.encode(&call);
        let (to, data) =
            if payer == from { (to, data) } else { (from, evm::forward_calldata(to, &data)) };
        let tx_request = TxRequest { from: payer, to: Some(to), data, value };
        let accept = matches!(call, ModelCall::Agreement(_, IWorkAgreementCalls::accept(_)));
        let simulate = expected.is_err() || (!accept && self.rng.one_in(4));
        let (receipt, simulated, seen) =
            self.send_tx(&tx_request, when, simulate, &observables).await;
        self.compare_answer(&expected, &receipt, simulated);
        self.compare_events(&expected, &receipt);
        self.compare(&observables, &seen);
        self.stats.count(&expected);
        if let Ok(done) = &expected {
            self.track_agreements(&call, done, &receipt).await;
        }
    }

    /// Sends a transaction, and charges the model for it.
    async fn send_tx(
        &mut self,
        tx_request: &TxRequest,
        when: BlockTime,
        simulate: bool,
        observables: &[Observable],
    ) -> (TransactionReceipt, Option<Result<Bytes, Bytes>>, Vec<QueryResult>) {
        let queries: Vec<Query> =
            observables.iter().map(|observable| self.env.query(observable)).collect();
        let nonce = self.env.next_nonce(tx_request.from);
        let signer = self.env.signer(tx_request.from).unwrap().clone();
        let sent =
            self.env.chain.send(tx_request, (&signer, nonce), when, simulate, &queries).await;
        let fee = u128::from(sent.0.gas_used) * sent.0.effective_gas_price;
        self.env.model.charge_fee(tx_request.from, fee);
        self.env.fees += U256::from(fee);
        sent
    }

    /// Success and the output, or the error, are the same.
    fn compare_answer(
        &self,
        expected: &Result<ModelOutcome, ModelRevert>,
        receipt: &TransactionReceipt,
        simulated: Option<Result<Bytes, Bytes>>,
    ) {
        let context = &self.context;
        assert_eq!(
            receipt.status(),
            expected.is_ok(),
            "{context}\nmodel: {expected:?}\nchain: {receipt:?}, {simulated:?}"
        );
        if let Some(simulated) = simulated {
            let answer = match expected {
                Ok(done) => Ok(Bytes::from(done.output.clone())),
                Err(refusal) => Err(revert_data(refusal)),
            };
            assert_eq!(simulated, answer, "{context}\nmodel: {expected:?}\nchain (left)");
        }
    }

    /// Events are the same, in the same order.
    fn compare_events(
        &self,
        expected: &Result<ModelOutcome, ModelRevert>,
        receipt: &TransactionReceipt,
    ) {
        let events = expected.as_ref().map_or(&[][..], |done| &done.events);
        let expected: Vec<(Address, LogData)> = events
            .iter()
            .map(|event| match event {
                ModelEvent::Dispatcher(event) => (self.env.dispatcher, event.to_log_data()),
                ModelEvent::Agreement(agreement, event) => (*agreement, event.to_log_data()),
            })
            .collect();
        let logs = receipt.inner.logs().iter();
        let (others, emitted): (Vec<_>, Vec<_>) =
            logs.partition(|log| log.address() == self.env.reentrant_contract);
        let emitted: Vec<_> =
            emitted.iter().map(|log| (log.address(), log.data().clone())).collect();
        assert_eq!(emitted, expected, "{}\nmodel: {events:?}\nchain (left)", self.context);
        for log in others {
            // The receiver of ether cannot reenter.
            assert_eq!(log.data().data, Reentered {}.abi_encode(), "{}", self.context);
        }
    }

    /// Views and balances are the same.
    fn compare(&mut self, observables: &[Observable], seen: &[QueryResult]) {
        for (observable, seen) in observables.iter().zip(seen) {
            let expected = self.env.expected(observable);
            assert!(
                is_equal(observable, &expected, seen),
                "{}\nlooked at {observable:?}\nmodel: {expected:?}\nchain: {seen:?}",
                self.context
            );
        }
        let held = self.env.model.balance(self.env.dispatcher);
        assert!(held >= self.env.model.liabilities(), "{}\nthe market owes more", self.context);
    }

    /// Keeps the list of open agreements, and checks new ones.
    async fn track_agreements(
        &mut self,
        call: &ModelCall,
        done: &ModelOutcome,
        receipt: &TransactionReceipt,
    ) {
        for event in &done.events {
            match event {
                ModelEvent::Dispatcher(DispatcherEvents::ContractBought(bought)) => {
                    self.env.open_agreements.push(bought.agreement);
                    self.env.record_block_hash(receipt.block_hash.unwrap());
                    self.check_early_accept(bought.agreement).await;
                }
                ModelEvent::Dispatcher(DispatcherEvents::AgreementSettled(settled)) => {
                    self.env.open_agreements.retain(|open| *open != settled.agreement);
                }
                _ => {}
            }
        }
        for log in receipt.inner.logs() {
            if let Ok(released) = AbsentReleased::decode_log(&log.inner) {
                *self.env.refunds.entry(released.agreement).or_default() += released.refund;
            }
            if let Ok(settled) = AgreementSettled::decode_log(&log.inner) {
                self.check_no_client_gains(&settled);
            }
        }
        if let ModelCall::Agreement(agreement, _) = call
            && self.rng.one_in(4)
        {
            let observables = self.env.agreement_observables(*agreement);
            self.query(&observables).await;
        }
    }

    /// A client gets back no more than it paid and was forced into the agreement, even if all
    /// testers are its own.
    fn check_no_client_gains(&self, settled: &AgreementSettled) {
        let forced = self.env.forced_wei.get(&settled.agreement).copied().unwrap_or(0);
        let bought = self.env.model.escrow(settled.agreement).unwrap();
        let fees: u128 = settled.testers.iter().map(|tester| tester.fee).sum();
        let before = self.env.refunds.get(&settled.agreement).copied().unwrap_or(0);
        let out = before + settled.refund + settled.compensation + fees;
        assert!(out <= bought + forced, "{}\nthe client got {out} of {bought}", self.context);
    }

    /// A worker cannot accept in the block of the purchase.
    async fn check_early_accept(&mut self, agreement: Address) {
        let worker = self.env.model.terms(agreement).unwrap().worker(0).unwrap().account;
        let call = agreement_call(agreement, &acceptCall {});
        let refusal = self.env.model.call(worker, 0, &call).unwrap_err();
        let (_, calldata) = self.env.encode(&call);
        let tx_request = TxRequest { from: worker, to: Some(agreement), data: calldata, value: 0 };
        let answer = self.env.chain.call(&tx_request).await;
        assert_eq!(answer, Err(revert_data(&refusal)), "{}\nmodel: {refusal:?}", self.context);
    }

    /// Forces wei on an account, on both sides.
    async fn force_transfer(&mut self, to: Address, value: u128, when: BlockTime) {
        let operator = self.env.operator;
        self.env.model.transfer(operator, to, value);
        *self.env.forced_wei.entry(to).or_default() += value;
        let tx_request =
            TxRequest { from: operator, to: None, data: evm::selfdestruct_init_code(to), value };
        let observables = [Observable::Balance(to), Observable::Balance(operator)];
        let (receipt, _, seen) = self.send_tx(&tx_request, when, false, &observables).await;
        assert!(receipt.status(), "{}", self.context);
        self.compare(&observables, &seen);
    }

    /// Everything is the same, and no wei was created or lost.
    async fn compare_everything(&mut self) {
        let observables = self.env.all_observables(&mut self.rng);
        let seen = self.query(&observables).await;
        let mut held = U256::ZERO;
        for wei in seen {
            if let QueryResult::Balance(wei) = wei {
                held += wei;
            }
        }
        // The dispatcher, all accounts, and every agreement so far are counted once.
        self.check_total(held);
    }

    /// The balances and the fees add up to the initial supply.
    fn check_total(&self, held: U256) {
        let fees = self.env.fees;
        assert_eq!(held + fees, self.env.initial_supply, "{}\nwei were made or lost", self.context);
    }

    /// Compares observables on both sides.
    async fn query(&mut self, observables: &[Observable]) -> Vec<QueryResult> {
        let queries: Vec<Query> =
            observables.iter().map(|observable| self.env.query(observable)).collect();
        let seen = self.env.chain.query(&queries).await;
        self.compare(observables, &seen);
        seen
    }
}
