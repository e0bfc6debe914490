//! Whole lifecycles of agreements in which every party does its part, and the gas of each step.

use std::collections::BTreeMap;

use alloy::primitives::{Address, FixedBytes, U256, keccak256};
use muster_client::protocol::abi::IWorkAgreement::{acceptCall, settleCall, testersCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    ContractBought, buyContract_1Call, checkInCall, quote_1Call, registerTesterCall,
    registerWorkerCall, unstakeCall,
};
use muster_client::protocol::abi::Order;

use crate::env::{AccountIndex, GasEnv, event};
use crate::reports::{Reporting, Seated};

/// The price of the first worker in wei per tick; each further worker asks a wei more.
pub(crate) const PRICE: u128 = 1_000_000_000;

/// The stake of each worker in wei.
pub(crate) const STAKE: u128 = 1_000_000_000_000_000_000;

/// The length of every window in ticks.
const WINDOW_TICKS: u32 = 30;

/// The size of an agreement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AgreementSize {
    /// Workers.
    pub(crate) workers: u8,
    /// Testers of each window; 0 is an untested order with one window.
    pub(crate) testers: u8,
    /// Windows.
    pub(crate) windows: u8,
}

/// The default agreement: one worker, three testers, four windows.
pub(crate) const SMALL: AgreementSize = AgreementSize { workers: 1, testers: 3, windows: 4 };

/// The gas of a lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct LifecycleGas {
    /// `buyContract(Order)`.
    pub(crate) buy: u64,
    /// `accept()` of each worker.
    pub(crate) accepts: Vec<u64>,
    /// `report(…)` of each place that holds a seat, or each `reportBatch(bytes)`.
    pub(crate) reports: Vec<u64>,
    /// `settle(uint32[])`.
    pub(crate) settle: u64,
}

impl LifecycleGas {
    /// The sum.
    pub(crate) fn total(&self) -> u64 {
        let all = self.accepts.iter().chain(&self.reports);
        self.buy + self.settle + all.sum::<u64>()
    }
}

/// The participants of a market.
#[derive(Clone, Debug, Default)]
pub(crate) struct Participants {
    /// The account that buys.
    pub(crate) client: AccountIndex,
    /// Workers in the order of their prices, which is that of their numbers.
    pub(crate) workers: Vec<AccountIndex>,
    /// Testers by their places in the current list.
    pub(crate) testers: Vec<AccountIndex>,
    /// Price and number of the worker at the end of the book.
    pub(crate) last: (u128, u32),
}

/// The order for a size.
pub(crate) fn order_of(size: AgreementSize) -> Order {
    Order {
        application: FixedBytes(*b"compute\0"),
        redundancy: U256::from(size.workers),
        length: U256::from(WINDOW_TICKS * u32::from(size.windows)),
        windows: size.windows,
        testers: size.testers,
        minScore: 0,
        minUptime: 9_000,
        expiry: 0,
        start: 0,
    }
}

/// The registration of a worker with this hint.
pub(crate) fn registration(who: Address, price: u128, hint: u32) -> registerWorkerCall {
    registerWorkerCall {
        price,
        maxLength: 100_000,
        application: FixedBytes(*b"compute\0"),
        promised: 9_500,
        key: keccak256(who),
        capacity: 50,
        hint,
    }
}

impl Participants {
    /// Registers a client, workers, and testers in the current list, who have some credit or none,
    /// as accounts 1, 2, 3 and so on.
    pub(crate) async fn register(
        env: &mut GasEnv,
        workers: usize,
        testers: usize,
        credits: bool,
    ) -> Self {
        let mut people = 2..;
        let workers: Vec<AccountIndex> = people.by_ref().take(workers).collect();
        let testers: Vec<AccountIndex> = people.take(testers).collect();
        let mut last = (0, 0);
        for (hint, worker) in (0..).zip(&workers) {
            let price = PRICE + u128::from(hint);
            let call = registration(env.account(*worker), price, hint);
            env.send_to_dispatcher(*worker, &call, STAKE).await;
            last = (price, hint + 1);
        }
        for tester in &testers {
            let (call, bond) = (tester_registration(env, *tester), env.settings.testerBond);
            env.send_to_dispatcher(*tester, &call, bond + 1).await;
            if credits {
                env.send_to_dispatcher(*tester, &unstakeCall { amount: 1 }, 0).await;
            }
            env.send_to_dispatcher(*tester, &checkInCall {}, 0).await;
        }
        // Those beyond the least pool are in the next epoch's list.
        env.advance(env.settings.epochLength).await;
        Self { client: 1, workers, testers, last }
    }
}

/// The registration of a tester.
pub(crate) fn tester_registration(env: &GasEnv, who: AccountIndex) -> registerTesterCall {
    registerTesterCall { key: keccak256(env.account(who)) }
}

/// Buys at the price of the quote.
pub(crate) async fn buy(env: &mut GasEnv, client: AccountIndex, order: Order) -> (Address, u64) {
    let quote = env.view(env.dispatcher, &quote_1Call { order }).await;
    let to = env.dispatcher;
    let receipt = env.call(client, to, &buyContract_1Call { order }, quote.price).await;
    (event::<ContractBought>(&receipt).agreement, receipt.gas_used)
}

/// The places of the list that hold seats, each once, with their windows.
pub(crate) async fn seated_places(
    env: &GasEnv,
    participants: &Participants,
    size: AgreementSize,
    to: Address,
) -> Vec<Seated> {
    let mut places: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for window in 0..size.windows {
        let call = testersCall { window: U256::from(window) };
        for account in env.view(to, &call).await.accounts {
            let mut testers = participants.testers.iter();
            let place = testers.position(|who| env.account(*who) == account).unwrap();
            places.entry(place).or_default().push(window);
        }
    }
    places.into_iter().collect()
}

/// One lifecycle, from the purchase to the settlement.
pub(crate) async fn run_lifecycle(
    env: &mut GasEnv,
    participants: &Participants,
    size: AgreementSize,
    batched: bool,
) -> LifecycleGas {
    let (to, buy) = buy(env, participants.client, order_of(size)).await;
    let accepts = accept_all(env, participants, size, to).await;
    let (reports, settle) = report_and_settle(env, participants, size, to, batched).await;
    LifecycleGas { buy, accepts, reports, settle }
}

/// All workers accept.
pub(crate) async fn accept_all(
    env: &mut GasEnv,
    participants: &Participants,
    size: AgreementSize,
    to: Address,
) -> Vec<u64> {
    let mut accepts = Vec::new();
    for worker in participants.workers.iter().take(size.workers.into()) {
        accepts.push(env.send(*worker, to, &acceptCall {}, 0).await);
    }
    accepts
}

/// All testers that hold a seat report, by themselves or in batches, then the agreement is settled.
pub(crate) async fn report_and_settle(
    env: &mut GasEnv,
    participants: &Participants,
    size: AgreementSize,
    to: Address,
    batched: bool,
) -> (Vec<u64>, u64) {
    env.advance(WINDOW_TICKS * u32::from(size.windows)).await;
    let places = seated_places(env, participants, size, to).await;
    let (mut singles, mut joint) = (Vec::new(), Vec::new());
    let reporting = Reporting { env, participants, size, to };
    if batched && !places.is_empty() {
        joint = reporting.batches(&places);
    } else {
        singles.extend(places.iter().map(|seated| (seated.0, reporting.single(seated))));
    }
    let mut reports = Vec::new();
    for (place, call) in singles {
        reports.push(env.send(participants.testers[place], to, &call, 0).await);
    }
    for call in joint {
        reports.push(env.send(participants.client, to, &call, 0).await);
    }
    env.advance(env.settings.reportWindow).await;
    let settle = env.send(participants.client, to, &settleCall { hints: vec![] }, 0).await;
    (reports, settle)
}
