//! Purchases.

use std::vec::Vec;

use alloy_primitives::{Address, keccak256};

use super::agreement::Agreement;
use super::order::{OrderRequest, Selection};
use super::{Clock, Model};
use crate::abi::IWorkerDispatcher::{ContractBought, PurchaseRefused};
use crate::abi::{Order, Reason};
use crate::layout::{MAX_TERMS, Terms, TermsHeader};
use crate::proxy::{self, MAX_INIT_CODE, init_code};

impl Model {
    /// Buys for `client` at a price of at most `value` wei. Returns the agreement, or zero if it is rejected.
    pub(super) fn purchase(
        &mut self,
        client: Address,
        value: u128,
        request: OrderRequest<'_>,
    ) -> Address {
        self.transfer(client, self.dispatcher, value);
        let selection = match self.select_workers(request) {
            Ok(choice) if choice.escrow <= value => choice,
            Ok(choice) => {
                return self.reject_purchase(client, Reason::ValueTooLow, choice.escrow, value);
            }
            Err(reason) => return self.reject_purchase(client, reason, 0, value),
        };
        let escrow = selection.escrow;
        let agreement = self.create_agreement(client, &selection);
        for (number, worker) in selection.numbers.iter().zip(&selection.workers) {
            let member = self.member_mut(*number);
            member.active += 1;
            member.locked += worker.bond;
            self.drop_unfit(*number);
        }
        self.transfer(self.dispatcher, agreement, escrow);
        let workers = selection.workers.iter().map(|worker| worker.account).collect();
        self.emit(ContractBought { agreement, client, escrow, workers });
        self.refund(client, value - escrow);
        agreement
    }

    /// Rejects a purchase: emits the reason and refunds the whole value.
    fn reject_purchase(
        &mut self,
        client: Address,
        reason: Reason,
        required: u128,
        sent: u128,
    ) -> Address {
        self.emit(PurchaseRefused { client, reason, required, sent });
        self.refund(client, sent);
        Address::ZERO
    }

    /// Creates an agreement and returns its address.
    fn create_agreement(&mut self, client: Address, selection: &Selection) -> Address {
        let Order { application, windows, testers, .. } = selection.order;
        let s = &self.settings;
        let number = u32::try_from(self.agreements.len()).unwrap_or(u32::MAX) + 1;
        let header = TermsHeader {
            dispatcher: self.dispatcher,
            client,
            number,
            application,
            seconds: s.clock == Clock::Second,
            purchased: self.tick(),
            block: self.height,
            length: selection.length,
            accept_window: s.acceptWindow,
            report_window: s.reportWindow,
            windows,
            testers,
            bond_bps: s.bondBps,
            min_bond: s.minBond,
            tester_fee_bps: s.testerFeeBps,
            min_tester_fee: s.minTesterFee,
            min_length: s.minLength,
            probes: s.probes,
            epoch: selection.pool.0,
            pool: selection.pool.1,
            redundancy: 0,
        };
        let terms = Terms::new(header, selection.workers.iter().copied());
        let account = self.agreement_address(&encode_terms(&terms));
        self.agreements.insert(account, Agreement::new(&terms, selection.escrow));
        self.non_payable.insert(account);
        account
    }

    /// The address of the agreement with these encoded terms.
    fn agreement_address(&self, terms: &[u8]) -> Address {
        let mut code = [0; MAX_INIT_CODE];
        let len = init_code(self.implementation, terms, &mut code);
        proxy::create2_address(self.dispatcher, &keccak256(&code[..len]).0, |bytes| {
            keccak256(bytes).0
        })
    }
}

/// Encodes terms.
pub(super) fn encode_terms(terms: &Terms) -> Vec<u8> {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    bytes[..len].to_vec()
}
