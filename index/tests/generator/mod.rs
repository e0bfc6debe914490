//! A market that is as long as one likes, always the same: registrations, then agreements from purchase to settlement.

mod accounts;

use alloy::primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use muster_client::protocol::TESTER_APPLICATION;
use muster_client::protocol::abi::IWorkAgreement::{self as agreement, IWorkAgreementEvents};
use muster_client::protocol::abi::IWorkerDispatcher::{
    self as dispatcher, IWorkerDispatcherEvents,
};
use muster_client::protocol::abi::{State, TesterResult, WorkerResult};
use muster_client::protocol::layout::{Terms, TermsHeader, WorkerTerms};
use muster_client::{EventRecord, MarketEvent};
use muster_index::{Batch, Block};

pub(crate) use self::accounts::{agreement_address, application, client, tester, worker};

/// The block with the first event.
pub(crate) const FIRST_BLOCK: u64 = 100;

/// The Unix second of that block.
pub(crate) const FIRST_SECOND: u64 = 1_700_000_000;

/// Seconds between two blocks.
const BLOCK_TIME: u64 = 60;

/// How many accounts of each kind there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accounts {
    /// Workers.
    pub(crate) workers: u32,
    /// Testers.
    pub(crate) testers: u32,
    /// Clients.
    pub(crate) clients: u32,
    /// Applications; each worker serves one of them.
    pub(crate) applications: u32,
}

/// The market.
#[derive(Debug)]
pub(crate) struct MarketGenerator {
    /// How many accounts there are.
    accounts: Accounts,
    /// How many accounts are registered.
    registered: u32,
    /// How many agreements there were.
    agreements: u32,
    /// The number of the next block.
    next: u64,
    /// The state of the pseudo-random numbers.
    random: u64,
}

impl MarketGenerator {
    /// A market that nothing has happened in.
    pub(crate) const fn new(accounts: Accounts) -> Self {
        Self { accounts, registered: 0, agreements: 0, next: FIRST_BLOCK, random: 1 }
    }

    /// The next blocks, with about so many events.
    pub(crate) fn batch(&mut self, events: usize) -> Batch {
        let from = self.next;
        let mut batch = Batch { from, ..Batch::default() };
        while batch.events.len() < events {
            if self.registered < self.accounts.workers + self.accounts.testers {
                let events = self.register();
                self.add_block(&mut batch, events);
            } else {
                self.add_agreement(&mut batch);
            }
        }
        batch.tip = self.next - 1;
        batch
    }

    /// A pseudo-random number below `end`.
    fn below(&mut self, end: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.random >> 33) % u64::from(end)).unwrap()
    }

    /// Adds a block.
    fn add_block(&mut self, batch: &mut Batch, events: Vec<MarketEvent>) {
        let number = self.next;
        let hash = keccak256(number.to_be_bytes());
        let time = FIRST_SECOND + (number - FIRST_BLOCK) * BLOCK_TIME;
        batch.blocks.push(Block { number, hash, time });
        batch.events.extend((0..).zip(events).map(|(log_index, event)| EventRecord {
            event,
            block: number,
            log_index,
            transaction: B256::from(U256::from(number)),
        }));
        self.next += 1;
    }

    /// The registration of the next account.
    fn register(&mut self) -> Vec<MarketEvent> {
        use dispatcher::{CheckedIn, Listed, WorkerRegistered, WorkerUpdated};
        let (n, workers) = (self.registered, self.accounts.workers);
        self.registered += 1;
        let (account, application) = if n < workers {
            (worker(n), application(n % self.accounts.applications))
        } else {
            (tester(n - workers), FixedBytes(TESTER_APPLICATION))
        };
        let registered = WorkerRegistered {
            worker: account,
            number: n + 1,
            application,
            key: keccak256(account),
            stake: 1 << 60,
        };
        let mut all = vec![IWorkerDispatcherEvents::WorkerRegistered(registered)];
        if n < workers {
            all.push(IWorkerDispatcherEvents::WorkerUpdated(WorkerUpdated {
                worker: account,
                price: self.price(),
                maxLength: 100_000,
                promised: 9_000,
                capacity: u16::try_from(1 + self.below(4)).unwrap(),
            }));
            if self.below(8) != 0 {
                all.push(IWorkerDispatcherEvents::Listed(Listed { worker: account }));
            }
        } else {
            all.push(IWorkerDispatcherEvents::CheckedIn(CheckedIn {
                tester: account,
                epoch: 5,
                place: n - workers,
            }));
        }
        all.into_iter().map(MarketEvent::Dispatcher).collect()
    }

    /// A price.
    fn price(&mut self) -> u128 {
        1_000_000_000 + u128::from(self.below(1_000)) * 1_000
    }

    /// Adds the blocks of an agreement. Every third worker of an agreement is absent.
    fn add_agreement(&mut self, batch: &mut Batch) {
        let n = self.agreements;
        self.agreements += 1;
        let address = agreement_address(n);
        let of_agreement = |event| MarketEvent::Agreement(address, event);
        let terms = self.terms(n);
        batch.terms.insert(address, terms);
        let hired: Vec<_> = terms.workers().map(|worker| worker.account).collect();
        let client = terms.header.client;
        let escrow = 1_000_000_000_000 + u128::from(n);
        let bought = dispatcher::ContractBought {
            agreement: address,
            client,
            escrow,
            workers: hired.clone(),
        };
        let bought = MarketEvent::Dispatcher(IWorkerDispatcherEvents::ContractBought(bought));
        self.add_block(batch, vec![bought]);

        let start = FIRST_SECOND + (self.next - FIRST_BLOCK) * BLOCK_TIME;
        for (index, worker) in (0..).zip(&hired) {
            let accepted = agreement::Accepted { worker: *worker, index };
            let mut all = vec![of_agreement(IWorkAgreementEvents::Accepted(accepted))];
            if index == 0 {
                let started = agreement::Started {
                    start,
                    end: start + u64::from(terms.header.length),
                    seed: FixedBytes::from_slice(&keccak256(address)[..16]),
                };
                all.push(of_agreement(IWorkAgreementEvents::Started(started)));
            }
            self.add_block(batch, all);
        }
        self.add_price_change(batch);
        // The last agreements are still open.
        if n.is_multiple_of(10) {
            return;
        }
        for place in 0..3 {
            let findings =
                (0..u8::try_from(hired.len()).unwrap()).flat_map(|index| [index, 0, 4, 3]);
            let reported = agreement::Reported {
                tester: tester((n + place) % self.accounts.testers),
                place: (n + place) % self.accounts.testers,
                findings: Bytes::from(findings.collect::<Vec<_>>()),
            };
            self.add_block(batch, vec![of_agreement(IWorkAgreementEvents::Reported(reported))]);
        }
        self.add_settlement(batch, address, client, &hired);
    }

    /// The terms of agreement number `n`.
    fn terms(&mut self, n: u32) -> Terms {
        let seller = self.below(self.accounts.workers);
        let redundancy = 1 + n % 2;
        let header = TermsHeader {
            number: n + 1,
            client: client(self.below(self.accounts.clients)),
            application: application(seller % self.accounts.applications),
            seconds: true,
            purchased: FIRST_SECOND + (self.next - FIRST_BLOCK) * BLOCK_TIME,
            block: self.next,
            accept_window: 600,
            report_window: 600,
            length: 3_600,
            windows: 1,
            testers: 3,
            bond_bps: 1_000,
            min_bond: 7,
            tester_fee_bps: 100,
            min_tester_fee: 3,
            probes: 4,
            epoch: 5,
            pool: self.accounts.testers,
            ..TermsHeader::default()
        };
        let mut hired = Vec::new();
        for place in 0..redundancy {
            let account =
                worker((seller + place * self.accounts.applications) % self.accounts.workers);
            hired.push(WorkerTerms {
                account,
                price: self.price(),
                promise: 9_000,
                bond: 50,
                fee: 11,
                ..WorkerTerms::default()
            });
        }
        Terms::new(header, hired)
    }

    /// Adds the block in which a worker changes its price.
    fn add_price_change(&mut self, batch: &mut Batch) {
        let changed = dispatcher::WorkerUpdated {
            worker: worker(self.below(self.accounts.workers)),
            price: self.price(),
            maxLength: 100_000,
            promised: 9_000,
            capacity: 3,
        };
        let event = MarketEvent::Dispatcher(IWorkerDispatcherEvents::WorkerUpdated(changed));
        self.add_block(batch, vec![event]);
    }

    /// Adds the blocks in which an agreement is settled, and the first worker withdraws.
    fn add_settlement(
        &mut self,
        batch: &mut Batch,
        address: Address,
        client: Address,
        hired: &[Address],
    ) {
        use dispatcher::{AgreementSettled, ReputationChanged, Withdrawn};
        let result = |account: &Address| WorkerResult {
            account: *account,
            pay: 700_000,
            slash: 5,
            fees: 33,
            accepted: true,
            resigned: false,
            ticks: 3_600,
            known: 1,
            uptime: 7_500,
        };
        let paid = |n: u32| TesterResult { account: tester(n), fee: 11, seats: 1 };
        let settled = AgreementSettled {
            agreement: address,
            client,
            refund: 1_000,
            compensation: 5,
            workers: hired.iter().map(result).collect(),
            testers: (0..3).map(|n| paid((self.agreements + n) % self.accounts.testers)).collect(),
        };
        let mut all =
            vec![MarketEvent::Dispatcher(IWorkerDispatcherEvents::AgreementSettled(settled))];
        for worker in hired {
            let (good, bad) =
                (u64::from(1 + self.below(50)) << 32, u64::from(self.below(50)) << 32);
            let changed = ReputationChanged { worker: *worker, good, bad };
            all.push(MarketEvent::Dispatcher(IWorkerDispatcherEvents::ReputationChanged(changed)));
        }
        let closed = agreement::Closed { state: State::Settled };
        all.push(MarketEvent::Agreement(address, IWorkAgreementEvents::Closed(closed)));
        self.add_block(batch, all);
        let withdrawn = Withdrawn { account: hired[0], to: hired[0], amount: 700_000 };
        let withdrawn = MarketEvent::Dispatcher(IWorkerDispatcherEvents::Withdrawn(withdrawn));
        self.add_block(batch, vec![withdrawn]);
    }
}
