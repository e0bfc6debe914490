//! A story: steps on both sides, and everything that must be equal and true after each of them.

use alloy::primitives::{Address, B256, Bytes, IntoLogData, LogData, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolError, SolEvent};
use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementCalls, acceptCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AgreementSettled, IWorkerDispatcherEvents as Said, Reentered,
};
use muster_client::protocol::model::{ModelCall, ModelEvent, ModelOutcome, ModelRevert};

use crate::chain::{Look, Message, Seen, When};
use crate::dice::Dice;
use crate::evm;
use crate::sight::{Sight, data, same};
use crate::steps::{Step, contract};
use crate::tally::Tally;
use crate::world::World;

/// After so many steps everything is looked at.
const ROUND: u64 = 50;

/// A world and what happens in it.
pub(crate) struct Story {
    /// The world.
    world: World,
    /// Chance.
    dice: Dice,
    /// Where the story is, for whoever reads about a difference.
    here: String,
    /// What happened so far, and how often.
    tally: Tally,
}

impl Story {
    /// Plays so many steps from a seed and tells what happened, and the hash of the last block; panics at
    /// the first difference.
    pub(crate) async fn play(seed: u64, steps: u64) -> (Tally, B256) {
        let mut dice = Dice::new(seed);
        let world = World::new(&mut dice).await;
        let mut story = Self { world, dice, here: String::new(), tally: Tally::default() };
        for number in 1..=steps {
            let when = story.world.when(&mut story.dice);
            let height = story.world.chain.height + when.blocks + 1;
            story.world.model.begin_block(height, when.time);
            let step = story.world.next(&mut story.dice);
            story.here = format!(
                "repeat with MUSTER_SEED={seed} MUSTER_STEPS={number}\nstep {number}, tick {}: \
                 {step:?}\nsettings: {:?}",
                story.world.model.tick(),
                story.world.model.settings()
            );
            match step {
                Step::Call(from, call, value) => story.call(from, call, value, when).await,
                Step::Force(to, value) => story.force(to, value, when).await,
            }
            story.weigh(U256::from(story.world.model.total_balance()));
            if number % ROUND == 0 || number == steps {
                story.survey().await;
            }
        }
        (story.tally, story.world.chain.tip().await)
    }

    /// Both sides get a call.
    async fn call(&mut self, from: Address, mut call: ModelCall, value: u128, when: When) {
        if let ModelCall::Agreement(to, IWorkAgreementCalls::report(report)) = &mut call {
            for (at, worker, session, served, signature) in
                self.world.sign(&mut self.dice, *to, from, report)
            {
                self.world.model.sign(at, worker, session, served, signature);
            }
        }
        let payer = if self.world.is_puppet(from) { self.world.operator } else { from };
        self.world.model.transfer(payer, from, value);
        let expected = self.world.model.call(from, value, &call);
        if expected.is_err() {
            self.world.model.transfer(from, payer, value);
        }
        let events = expected.as_ref().map_or(&[][..], |done| &done.events);
        let sights = self.world.touched(from, &call, events);
        let (to, data) = self.world.encode(&call);
        let (to, data) = if payer == from { (to, data) } else { (from, evm::order(to, &data)) };
        let message = Message { from: payer, to: Some(to), data, value };
        let accept = matches!(call, ModelCall::Agreement(_, IWorkAgreementCalls::accept(_)));
        let foresee = expected.is_err() || (!accept && self.dice.once_in(4));
        let (receipt, foreseen, seen) = self.send(&message, when, foresee, &sights).await;
        self.compare_answer(&expected, &receipt, foreseen);
        self.compare_events(&expected, &receipt);
        self.compare(&sights, &seen);
        self.tally.count(&expected);
        if let Ok(done) = &expected {
            self.follow(&call, done, &receipt).await;
        }
    }

    /// Sends a message, and pays for it on the model's side.
    async fn send(
        &mut self,
        message: &Message,
        when: When,
        foresee: bool,
        sights: &[Sight],
    ) -> (TransactionReceipt, Option<Result<Bytes, Bytes>>, Vec<Seen>) {
        let looks: Vec<Look> = sights.iter().map(|sight| self.world.look(sight)).collect();
        let nonce = self.world.next_nonce(message.from);
        let signer = self.world.signer(message.from).unwrap().clone();
        let sent = self.world.chain.send(message, (&signer, nonce), when, foresee, &looks).await;
        let fee = u128::from(sent.0.gas_used) * sent.0.effective_gas_price;
        self.world.model.charge_fee(message.from, fee);
        self.world.fees += U256::from(fee);
        sent
    }

    /// Success, answer or refusal are the same.
    fn compare_answer(
        &self,
        expected: &Result<ModelOutcome, ModelRevert>,
        receipt: &TransactionReceipt,
        foreseen: Option<Result<Bytes, Bytes>>,
    ) {
        let here = &self.here;
        assert_eq!(
            receipt.status(),
            expected.is_ok(),
            "{here}\nmodel: {expected:?}\nchain: {receipt:?}, {foreseen:?}"
        );
        if let Some(foreseen) = foreseen {
            let answer = match expected {
                Ok(done) => Ok(Bytes::from(done.output.clone())),
                Err(refusal) => Err(data(refusal)),
            };
            assert_eq!(foreseen, answer, "{here}\nmodel: {expected:?}\nchain (left)");
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
                ModelEvent::Dispatcher(event) => (self.world.dispatcher, event.to_log_data()),
                ModelEvent::Agreement(agreement, event) => (*agreement, event.to_log_data()),
            })
            .collect();
        let logs = receipt.inner.logs().iter();
        let (others, said): (Vec<_>, Vec<_>) =
            logs.partition(|log| log.address() == self.world.intruder);
        let said: Vec<_> = said.iter().map(|log| (log.address(), log.data().clone())).collect();
        assert_eq!(said, expected, "{}\nmodel: {events:?}\nchain (left)", self.here);
        for log in others {
            // Whoever is given ether cannot use the moment.
            assert_eq!(log.data().data, Reentered {}.abi_encode(), "{}", self.here);
        }
    }

    /// Views and balances are the same.
    fn compare(&mut self, sights: &[Sight], seen: &[Seen]) {
        for (sight, seen) in sights.iter().zip(seen) {
            let expected = self.world.expect(sight);
            assert!(
                same(sight, &expected, seen),
                "{}\nlooked at {sight:?}\nmodel: {expected:?}\nchain: {seen:?}",
                self.here
            );
        }
        let held = self.world.model.balance(self.world.dispatcher);
        assert!(held >= self.world.model.liabilities(), "{}\nthe market owes more", self.here);
    }

    /// Keeps the list of open agreements, and looks into new ones.
    async fn follow(
        &mut self,
        call: &ModelCall,
        done: &ModelOutcome,
        receipt: &TransactionReceipt,
    ) {
        for event in &done.events {
            match event {
                ModelEvent::Dispatcher(Said::ContractBought(bought)) => {
                    self.world.open.push(bought.agreement);
                    self.world.remember(receipt.block_hash.unwrap());
                    self.accept_too_early(bought.agreement).await;
                }
                ModelEvent::Dispatcher(Said::AgreementSettled(settled)) => {
                    self.world.open.retain(|open| *open != settled.agreement);
                }
                _ => {}
            }
        }
        for log in receipt.inner.logs() {
            if let Ok(settled) = AgreementSettled::decode_log(&log.inner) {
                self.no_client_gains(&settled);
            }
        }
        if let ModelCall::Agreement(agreement, _) = call
            && self.dice.once_in(4)
        {
            let sights = self.world.inside(*agreement);
            self.look(&sights).await;
        }
    }

    /// A client gets back no more than it paid and was forced in, even if all testers are its own.
    fn no_client_gains(&self, settled: &AgreementSettled) {
        let forced = self.world.forced.get(&settled.agreement).copied().unwrap_or(0);
        let bought = self.world.model.escrow(settled.agreement).unwrap();
        let fees: u128 = settled.testers.iter().map(|tester| tester.fee).sum();
        let out = settled.refund + settled.compensation + fees;
        assert!(out <= bought + forced, "{}\nthe client got {out} of {bought}", self.here);
    }

    /// In the block of the purchase nobody can accept.
    async fn accept_too_early(&mut self, agreement: Address) {
        let worker = self.world.model.terms(agreement).unwrap().worker(0).unwrap().account;
        let call = contract(agreement, &acceptCall {});
        let refusal = self.world.model.call(worker, 0, &call).unwrap_err();
        let (_, calldata) = self.world.encode(&call);
        let message = Message { from: worker, to: Some(agreement), data: calldata, value: 0 };
        let answer = self.world.chain.ask(&message).await;
        assert_eq!(answer, Err(data(&refusal)), "{}\nmodel: {refusal:?}", self.here);
    }

    /// Somebody forces wei upon an account.
    async fn force(&mut self, to: Address, value: u128, when: When) {
        let operator = self.world.operator;
        self.world.model.transfer(operator, to, value);
        *self.world.forced.entry(to).or_default() += value;
        let message = Message { from: operator, to: None, data: evm::force(to), value };
        let sights = [Sight::Balance(to), Sight::Balance(operator)];
        let (receipt, _, seen) = self.send(&message, when, false, &sights).await;
        assert!(receipt.status(), "{}", self.here);
        self.compare(&sights, &seen);
    }

    /// Everything is the same, and no wei came or went.
    async fn survey(&mut self) {
        let sights = self.world.everything(&mut self.dice);
        let seen = self.look(&sights).await;
        let mut held = U256::ZERO;
        for wei in seen {
            if let Seen::Balance(wei) = wei {
                held += wei;
            }
        }
        // The dispatcher, everybody, and every agreement that ever was are looked at once.
        self.weigh(held);
    }

    /// What everybody holds and what the chain took are all the wei there ever were.
    fn weigh(&self, held: U256) {
        let fees = self.world.fees;
        assert_eq!(held + fees, self.world.endowed, "{}\nwei were made or lost", self.here);
    }

    /// Looks at things on both sides.
    async fn look(&mut self, sights: &[Sight]) -> Vec<Seen> {
        let looks: Vec<Look> = sights.iter().map(|sight| self.world.look(sight)).collect();
        let seen = self.world.chain.look(&looks).await;
        self.compare(sights, &seen);
        seen
    }
}
