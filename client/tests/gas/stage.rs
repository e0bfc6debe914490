//! A chain with a market on it, whoever made its contracts, and people who send transactions. Time
//! stands still unless it is moved, and keys are always the same: the same steps take the same gas.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionReceipt;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::{SolCall, SolEvent, SolValue};
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::settings;
use muster_client::{Node, Program};
use stylus_devnode::{Config, Devnode};

use crate::chain::{Chain, Message, When};
use crate::hooks::Step;

/// The second in which every market is deployed: the first one of an epoch.
const BEGIN: u64 = 604_800 * 6_000;

/// Wei that who is admitted later has at first.
const FORTUNE: U256 = U256::from_limbs([0, 1_000, 0, 0]);

sol! {
    /// Of the precompile that keeps programs ready.
    function evictCodehash(bytes32 codehash) external;
}

/// That precompile.
const ARB_WASM_CACHE: Address = Address::with_last_byte(0x72);

/// The contracts of a market, as code.
#[derive(Clone, Debug)]
pub(crate) enum Contracts {
    /// Stylus programs.
    Stylus {
        /// The implementation behind every agreement.
        agreement: Program,
        /// The market's contract.
        dispatcher: Program,
        /// Whether the chain keeps both ready.
        cached: bool,
    },
    /// Init code for the EVM; the constructor's arguments are appended to the dispatcher's.
    Evm {
        /// The implementation behind every agreement.
        agreement: Bytes,
        /// The market's contract.
        dispatcher: Bytes,
    },
}

/// A call that was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called {
    /// Which one.
    pub(crate) signature: &'static str,
    /// Its transaction.
    pub(crate) transaction: B256,
    /// What it took.
    pub(crate) gas: u64,
}

/// One of the people, by number; 0 deploys.
pub(crate) type Who = usize;

/// The chain and everybody on it.
pub(crate) struct Stage {
    /// The chain.
    chain: Chain,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// What it was deployed with.
    pub(crate) settings: Settings,
    /// Keys by person.
    keys: Vec<PrivateKeySigner>,
    /// Transactions sent, by person.
    nonces: Vec<u64>,
    /// What was called, in order.
    pub(crate) called: Vec<Called>,
}

impl Stage {
    /// A new market with so many people.
    pub(crate) async fn open(contracts: &Contracts, people: u16) -> Self {
        let config =
            Config { accounts: people, genesis: Some(BEGIN - 1_000), ..Config::any_port() };
        let chain = Chain::connect(Devnode::start(config).await.unwrap(), BEGIN).await;
        let keys: Vec<_> = chain.node.accounts().iter().map(|account| account.key).collect();
        let keys = keys.iter().map(|key| PrivateKeySigner::from_bytes(key).unwrap()).collect();
        let mut stage = Self {
            chain,
            dispatcher: Address::ZERO,
            settings: settings::dev(Clock::Second),
            keys,
            nonces: vec![0; usize::from(people) + 1],
            called: Vec::new(),
        };
        stage.deploy(contracts).await;
        stage
    }

    /// Puts the contracts on the chain.
    async fn deploy(&mut self, contracts: &Contracts) {
        match contracts {
            Contracts::Stylus { agreement, dispatcher, cached } => {
                let url = self.chain.node.url();
                let node = Node::connect(&url, Some(self.keys[0].clone())).await.unwrap();
                let market =
                    node.deploy_market(agreement, dispatcher, &self.settings).await.unwrap();
                self.dispatcher = market.dispatcher.address;
                self.chain.move_to(BEGIN + 60).await;
                self.nonces[0] = self.chain.nonce(self.account(0)).await;
                for program in [agreement, dispatcher] {
                    if !cached {
                        let call = evictCodehashCall { codehash: program.code_hash() };
                        self.send(0, ARB_WASM_CACHE, &call, 0).await;
                    }
                }
            }
            Contracts::Evm { agreement, dispatcher } => {
                self.nonces[0] = self.chain.nonce(self.account(0)).await;
                let agreement = self.create(agreement.clone()).await;
                let arguments = (self.settings, agreement).abi_encode_params();
                let init = [dispatcher.as_ref(), &arguments].concat();
                self.dispatcher = self.create(init.into()).await;
                self.chain.move_to(BEGIN + 60).await;
            }
        }
    }

    /// Creates a contract.
    async fn create(&mut self, data: Bytes) -> Address {
        let from = self.account(0);
        let receipt = self.transact(0, Message { from, to: None, data, value: 0 }).await;
        receipt.contract_address.unwrap()
    }

    /// Somebody's account.
    pub(crate) fn account(&self, who: Who) -> Address {
        self.keys[who].address()
    }

    /// Somebody new, with a fortune.
    pub(crate) async fn admit(&mut self, key: PrivateKeySigner) -> Who {
        self.chain.node.set_balance(key.address(), FORTUNE).await.unwrap();
        self.keys.push(key);
        self.nonces.push(0);
        self.nonces.len() - 1
    }

    /// Somebody's key.
    pub(crate) fn key(&self, who: Who) -> &PrivateKeySigner {
        &self.keys[who]
    }

    /// Sends a message in a block of its own; it must succeed.
    async fn transact(&mut self, who: Who, message: Message) -> TransactionReceipt {
        let when = When { blocks: 0, time: self.chain.time };
        let signer = self.keys[who].clone();
        let nonce = self.nonces[who];
        self.nonces[who] += 1;
        let (receipt, ..) = self.chain.send(&message, (&signer, nonce), when, false, &[]).await;
        assert!(receipt.status(), "{:?}", self.chain.ask(&message).await);
        receipt
    }

    /// Calls a contract and tells what came of it.
    pub(crate) async fn call<C: SolCall>(
        &mut self,
        who: Who,
        to: Address,
        call: &C,
        value: u128,
    ) -> TransactionReceipt {
        let data = call.abi_encode().into();
        let message = Message { from: self.account(who), to: Some(to), data, value };
        let receipt = self.transact(who, message).await;
        let (transaction, gas) = (receipt.transaction_hash, receipt.gas_used);
        self.called.push(Called { signature: C::SIGNATURE, transaction, gas });
        receipt
    }

    /// Calls a contract and tells how much gas it took.
    pub(crate) async fn send(
        &mut self,
        who: Who,
        to: Address,
        call: &impl SolCall,
        value: u128,
    ) -> u64 {
        self.call(who, to, call, value).await.gas_used
    }

    /// Calls the dispatcher and tells how much gas it took.
    pub(crate) async fn tell(&mut self, who: Who, call: &impl SolCall, value: u128) -> u64 {
        self.send(who, self.dispatcher, call, value).await
    }

    /// What a view answers.
    pub(crate) async fn ask<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let data = call.abi_encode().into();
        let message = Message { from: self.account(0), to: Some(to), data, value: 0 };
        C::abi_decode_returns_validate(&self.chain.ask(&message).await.unwrap()).unwrap()
    }

    /// What a transaction's programs did.
    pub(crate) async fn trace(&self, transaction: B256) -> Vec<Step> {
        let params = (transaction, BTreeMap::from([("tracer", "stylusTracer")]));
        let provider = &self.chain.provider;
        provider.raw_request("debug_traceTransaction".into(), params).await.unwrap()
    }

    /// Lets seconds go by.
    pub(crate) async fn pass(&mut self, seconds: u32) {
        self.chain.move_to(self.chain.time + u64::from(seconds)).await;
    }
}

/// The event of a transaction.
pub(crate) fn event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let mut logs = receipt.inner.logs().iter();
    logs.find_map(|log| E::decode_log(&log.inner).ok()).unwrap().data
}
