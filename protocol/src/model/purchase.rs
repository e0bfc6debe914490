//! Buying.

use std::vec::Vec;

use alloy_primitives::{Address, keccak256};

use super::agreement::Agreement;
use super::order::{Choice, Want};
use super::{Clock, Model};
use crate::abi::IWorkerDispatcher::{ContractBought, PurchaseRefused};
use crate::abi::{Order, Reason};
use crate::layout::{Head, MAX_TERMS, Terms};
use crate::proxy::{self, MAX_INIT, init_code};

impl Model {
    /// Sells to `client` what it wants for at most `value` wei; the agreement, or zero if it is refused.
    pub(super) fn sell(&mut self, client: Address, value: u128, want: Want<'_>) -> Address {
        self.pay(client, self.dispatcher, value);
        let choice = match self.choose(want) {
            Ok(choice) if choice.escrow <= value => choice,
            Ok(choice) => {
                return self.turn_away(client, Reason::ValueTooLow, choice.escrow, value);
            }
            Err(reason) => return self.turn_away(client, reason, 0, value),
        };
        let escrow = choice.escrow;
        let agreement = self.open(client, &choice);
        for (number, worker) in choice.numbers.iter().zip(&choice.workers) {
            let member = self.member_mut(*number);
            member.active += 1;
            member.locked += worker.bond;
            self.drop_unfit(*number);
        }
        self.pay(self.dispatcher, agreement, escrow);
        let workers = choice.workers.iter().map(|worker| worker.account).collect();
        self.say(ContractBought { agreement, client, escrow, workers });
        self.give_back(client, value - escrow);
        agreement
    }

    /// Refuses: says why, gives everything back.
    fn turn_away(
        &mut self,
        client: Address,
        reason: Reason,
        required: u128,
        sent: u128,
    ) -> Address {
        self.say(PurchaseRefused { client, reason, required, sent });
        self.give_back(client, sent);
        Address::ZERO
    }

    /// Writes down an agreement and tells its account.
    fn open(&mut self, client: Address, choice: &Choice) -> Address {
        let Order { application, windows, testers, .. } = choice.order;
        let s = &self.settings;
        let number = u32::try_from(self.agreements.len()).unwrap_or(u32::MAX) + 1;
        let quantum = choice.length / u32::from(windows);
        let least = s.minLength.div_ceil(quantum).min(windows.into());
        let head = Head {
            dispatcher: self.dispatcher,
            client,
            number,
            application,
            seconds: s.clock == Clock::Second,
            purchased: self.tick(),
            block: self.height,
            length: choice.length,
            accept_window: s.acceptWindow,
            report_window: s.reportWindow,
            windows,
            testers,
            bond_bps: s.bondBps,
            min_bond: s.minBond,
            tester_fee_bps: s.testerFeeBps,
            min_tester_fee: s.minTesterFee,
            least: u8::try_from(least).unwrap_or(windows),
            epoch: choice.pool.0,
            pool: choice.pool.1,
            redundancy: 0,
        };
        let terms = Terms::new(head, choice.workers.iter().copied());
        let account = self.account_of(&encoded(&terms));
        self.agreements.insert(account, Agreement::new(&terms, choice.escrow));
        self.deaf.insert(account);
        account
    }

    /// The account of the agreement with these terms.
    fn account_of(&self, terms: &[u8]) -> Address {
        let mut code = [0; MAX_INIT];
        let len = init_code(self.implementation, terms, &mut code);
        proxy::address(self.dispatcher, &keccak256(&code[..len]).0, |bytes| keccak256(bytes).0)
    }
}

/// Terms as bytes.
pub(super) fn encoded(terms: &Terms) -> Vec<u8> {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    bytes[..len].to_vec()
}
