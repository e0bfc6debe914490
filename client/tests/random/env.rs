//! A market on a chain of its own and a model of it, with all accounts that take part.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::TESTER_APPLICATION;
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::model::Model;
use muster_client::protocol::settings;
use stylus_devnode::{Config, Devnode};

use crate::chain::{BlockTime, TestChain, TxRequest};
use crate::deployed::deploy;
use crate::evm::{self, Behavior};
use crate::rng::SeededRng;
use crate::steps::TESTERS;

/// The second in which every run begins: later than any wall clock.
const START_TIME: u64 = 4_000_000_000;

/// The initial balance of every account in wei: more than any stake may be.
const INITIAL_BALANCE: u128 = 1 << 110;

/// The number of accounts with keys.
const ACCOUNTS: u16 = 40;

/// A market, on a chain and as a model.
pub(crate) struct DifferentialEnv {
    /// The chain.
    pub(crate) chain: TestChain,
    /// The model.
    pub(crate) model: Model,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// The implementation behind every agreement.
    pub(crate) implementation: Address,
    /// All accounts that make calls; contracts last.
    pub(crate) actors: Vec<Address>,
    /// Keys by account; contracts have none.
    keys: BTreeMap<Address, PrivateKeySigner>,
    /// Nonces by account.
    nonces: BTreeMap<Address, u64>,
    /// The account that pays for the calls of contracts.
    pub(crate) operator: Address,
    /// A contract that calls the market when it is given ether.
    pub(crate) reentrant_contract: Address,
    /// The sum of all initial balances in wei.
    pub(crate) initial_supply: U256,
    /// The fees so far in wei.
    pub(crate) fees: U256,
    /// How many workers the first book mostly has: a few, or too many to walk past.
    pub(crate) target_listed: usize,
    /// Agreements that are not settled, oldest first.
    pub(crate) open_agreements: Vec<Address>,
    /// Wei forced into agreements.
    pub(crate) forced_wei: BTreeMap<Address, u128>,
    /// What agreements refunded before their settlement, in wei.
    pub(crate) refunds: BTreeMap<Address, u128>,
}

impl DifferentialEnv {
    /// A market with random constants.
    pub(crate) async fn new(rng: &mut SeededRng) -> Self {
        let settings = random_settings(rng);
        let genesis = Some(START_TIME - 1_000);
        let config = Config { accounts: ACCOUNTS, genesis, ..Config::any_port() };
        let mut chain = TestChain::connect(Devnode::start(config).await.unwrap(), START_TIME).await;
        let signers: Vec<PrivateKeySigner> = chain
            .node
            .accounts()
            .iter()
            .map(|account| PrivateKeySigner::from_bytes(&account.key).unwrap())
            .collect();
        let deployer = signers[0].clone();
        let operator = deployer.address();
        let [implementation, dispatcher] = deploy(&chain.node.url(), deployer, &settings).await;
        let created_at = chain.created_at(dispatcher).await;
        let nonces = BTreeMap::from([(operator, chain.nonce(operator).await)]);
        chain.mine_at(START_TIME + 1_000).await;
        let mut env = Self {
            chain,
            model: Model::new(settings, dispatcher, implementation, created_at),
            dispatcher,
            implementation,
            actors: signers.iter().skip(1).map(PrivateKeySigner::address).collect(),
            nonces,
            keys: signers.into_iter().map(|signer| (signer.address(), signer)).collect(),
            operator,
            reentrant_contract: Address::ZERO,
            initial_supply: U256::ZERO,
            fees: U256::ZERO,
            target_listed: rng.pick(&[3, 3, 20]),
            open_agreements: Vec::new(),
            forced_wei: BTreeMap::new(),
            refunds: BTreeMap::new(),
        };
        env.create_and_fund_accounts().await;
        env
    }

    /// Creates the contracts that take part, and funds all accounts.
    async fn create_and_fund_accounts(&mut self) {
        let withdraw =
            muster_client::protocol::abi::IWorkerDispatcher::withdrawCall { to: self.operator };
        let withdraw = alloy::sol_types::SolCall::abi_encode(&withdraw);
        self.reentrant_contract = self.create(&Behavior::Calls(self.dispatcher, withdraw)).await;
        let behaviors = [
            (Behavior::Returns(10_000), false),
            (Behavior::Reverts, true),
            (Behavior::BurnsGas, true),
            (Behavior::RevertsWith(10_000), true),
        ];
        for (behavior, deaf) in behaviors {
            let account = self.create(&behavior).await;
            if deaf {
                self.model.set_non_payable(account);
            }
            self.actors.push(account);
        }
        for account in self.keys.keys() {
            self.chain.node.set_balance(*account, U256::from(INITIAL_BALANCE)).await.unwrap();
            self.model.fund(*account, INITIAL_BALANCE);
            self.initial_supply += U256::from(INITIAL_BALANCE);
        }
        self.model.begin_block(self.chain.height, self.chain.time);
    }

    /// Creates a contract with this behavior.
    async fn create(&mut self, behavior: &Behavior) -> Address {
        let data = evm::forwarder_init_code(behavior);
        let tx_request = TxRequest { from: self.operator, to: None, data, value: 0 };
        let now = BlockTime { blocks: 0, time: self.chain.time };
        let nonce = self.next_nonce(self.operator);
        let signer = self.keys[&self.operator].clone();
        let sent = self.chain.send(&tx_request, (&signer, nonce), now, false, &[]).await;
        sent.0.contract_address.unwrap()
    }

    /// Takes an account's next nonce.
    pub(crate) fn next_nonce(&mut self, account: Address) -> u64 {
        let nonce = self.nonces.entry(account).or_default();
        *nonce += 1;
        *nonce - 1
    }

    /// The key of an account, if it has one.
    pub(crate) fn signer(&self, account: Address) -> Option<&PrivateKeySigner> {
        self.keys.get(&account)
    }

    /// Whether an account is one of these contracts.
    pub(crate) fn is_contract(&self, account: Address) -> bool {
        !self.keys.contains_key(&account)
    }

    /// The places of accounts that can make this epoch's list of testers longer.
    pub(crate) fn lacking_testers(&self) -> Vec<usize> {
        let epoch = self.model.epoch();
        let is_lacking = |place: &usize| match self.model.worker_view(self.actors[*place]) {
            Ok(known) => {
                let listed = known.lastEpoch != 0 && known.lastEpoch >= epoch;
                known.application.0 == TESTER_APPLICATION && !listed
            }
            Err(_) => true,
        };
        TESTERS.filter(is_lacking).collect()
    }

    /// The tick of a block.
    pub(crate) const fn tick(&self, when: BlockTime) -> u64 {
        match self.model.settings().clock {
            Clock::Second => when.time,
            _ => self.chain.height + when.blocks + 1,
        }
    }

    /// Tells the model the hash of the latest block.
    pub(crate) fn record_block_hash(&mut self, hash: B256) {
        self.model.record_block_hash(self.chain.height, hash);
    }
}

/// Random constants that may be deployed: short times, and amounts of all sizes.
fn random_settings(rng: &mut SeededRng) -> Settings {
    let word = |number: u64| u32::try_from(number).unwrap();
    let clock = rng.pick(&[Clock::ArbBlock, Clock::Second]);
    // Every step takes a block, but no time.
    let pace = if clock == Clock::ArbBlock { 5 } else { 1 };
    let (accept, report) = (pace * word(rng.between(3, 12)), pace * word(rng.between(4, 20)));
    let tester_fee = rng.pick(&[0, 1, 1_000, 20_000_000_000_000]);
    let probes = u8::try_from(rng.between(1, 12)).unwrap();
    let min_window = (2 * accept + word(rng.below(5))).max(probes.into());
    let min_length = (accept + report).max(2 * min_window) + word(rng.below(20));
    let epoch_length = rng.pick(&[1_000, 5_000, 50_000, 604_800]);
    let lock_epochs = u8::try_from(rng.between(1, 3)).unwrap();
    let locked = epoch_length * u32::from(lock_epochs) - accept - report;
    // Mostly as long as testers stay locked.
    let longest = [locked, locked, 2 * min_length].map(|longest| longest.min(locked));
    let settings = Settings {
        clock,
        acceptWindow: accept,
        reportWindow: report,
        minLength: min_length,
        maxAgreement: rng.pick(&longest),
        minWindow: min_window,
        epochLength: epoch_length,
        lockEpochs: lock_epochs,
        minPool: word(rng.between(3, 5)),
        probes,
        minPromise: rng.pick(&[1, 5_000, 9_000]),
        bondBps: rng.pick(&[0, 333, 1_000, 10_000]),
        testerFeeBps: rng.pick(&[0, 100, 333, 10_000]),
        minBond: rng.pick(&[0, 1, 1_000_003, 2_000_000_000_000_000]),
        minTesterFee: tester_fee,
        testerBond: rng.pick(&[0, 1, 1_000_000_007]),
        reputationUnit: (12 * tester_fee).max(rng.pick(&[1, 50, 100_000])),
    };
    settings::check(&settings).unwrap();
    settings
}
