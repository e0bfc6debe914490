//! A chain with a market in Stylus or Solidity, and accounts that send transactions. Time stands
//! still unless it is advanced, and the keys are always the same, so the same steps take the same
//! gas.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionReceipt;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::{SolCall, SolEvent, SolValue};
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::protocol::settings;
use muster_client::{Node, Program};
use serde_json::json;
use stylus_devnode::{ArbosVersion, Config, DEV_KEY, Devnode};

use crate::chain::{BlockTime, TestChain, TxRequest};
use crate::hostios::HostioStep;

/// The second in which every market is deployed: the first one of an epoch.
const START_TIME: u64 = 604_800 * 6_000;

/// The initial balance in wei of the accounts but the first: 1000 ether.
const BALANCE: U256 = U256::from_limbs([3_875_820_019_684_212_736, 54, 0, 0]);

/// The balance in wei of an account that is added later.
const INITIAL_BALANCE: U256 = U256::from_limbs([0, 1_000, 0, 0]);

sol! {
    /// A function of the precompile that caches programs.
    function evictCodehash(bytes32 codehash) external;
}

/// The address of the precompile.
const ARB_WASM_CACHE: Address = Address::with_last_byte(0x72);

/// The code of a market's contracts.
#[derive(Clone, Debug)]
pub(crate) enum Contracts {
    /// Stylus programs.
    Stylus {
        /// The implementation behind every agreement.
        agreement: Program,
        /// The market's contract.
        dispatcher: Program,
        /// Whether the chain caches both.
        cached: bool,
        /// The version of ArbOS of the chain.
        arbos: ArbosVersion,
    },
    /// Init code for the EVM; the constructor's arguments are appended to the dispatcher's. No rule
    /// of ArbOS is about it, so the chain has the default version.
    Evm {
        /// The implementation behind every agreement.
        agreement: Bytes,
        /// The market's contract.
        dispatcher: Bytes,
    },
}

impl Contracts {
    /// The version of ArbOS of the chain.
    fn arbos(&self) -> ArbosVersion {
        match self {
            Self::Stylus { arbos, .. } => *arbos,
            Self::Evm { .. } => ArbosVersion::default(),
        }
    }
}

/// A recorded call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallRecord {
    /// Its signature.
    pub(crate) signature: &'static str,
    /// Its transaction.
    pub(crate) transaction: B256,
    /// Its gas.
    pub(crate) gas: u64,
}

/// An account by its index; 0 deploys.
pub(crate) type AccountIndex = usize;

/// The chain and its accounts.
pub(crate) struct GasEnv {
    /// The chain.
    chain: TestChain,
    /// The market's contract.
    pub(crate) dispatcher: Address,
    /// The constants of its deployment.
    pub(crate) settings: Settings,
    /// Keys by account.
    keys: Vec<PrivateKeySigner>,
    /// Nonces by account.
    nonces: Vec<u64>,
    /// All calls, in order.
    pub(crate) calls: Vec<CallRecord>,
}

impl GasEnv {
    /// A new market with this many accounts.
    pub(crate) async fn new(contracts: &Contracts, people: u16) -> Self {
        let config = Config {
            accounts: 0,
            genesis: Some(START_TIME - 1_000),
            arbos: contracts.arbos(),
            ..Config::any_port()
        };
        let chain = TestChain::connect(Devnode::start(config).await.unwrap(), START_TIME).await;
        // Gas depends on addresses, so these keys are the test's own.
        let hashes = (1..=people).map(|number| keccak256(format!("devnode account {number}")));
        let keys = [DEV_KEY].into_iter().chain(hashes);
        let keys: Vec<_> = keys.map(|key| PrivateKeySigner::from_bytes(&key).unwrap()).collect();
        for key in &keys[1..] {
            chain.node.set_balance(key.address(), BALANCE).await.unwrap();
        }
        let mut env = Self {
            chain,
            dispatcher: Address::ZERO,
            settings: settings::dev(Clock::Second),
            keys,
            nonces: vec![0; usize::from(people) + 1],
            calls: Vec::new(),
        };
        env.deploy(contracts).await;
        env
    }

    /// Deploys the contracts.
    async fn deploy(&mut self, contracts: &Contracts) {
        match contracts {
            Contracts::Stylus { agreement, dispatcher, cached, .. } => {
                let url = self.chain.node.url();
                let node = Node::connect(&url, Some(self.keys[0].clone())).await.unwrap();
                let market =
                    node.deploy_market(agreement, dispatcher, &self.settings).await.unwrap();
                self.dispatcher = market.dispatcher.address;
                self.chain.mine_at(START_TIME + 60).await;
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
                self.chain.mine_at(START_TIME + 60).await;
            }
        }
    }

    /// Creates a contract.
    async fn create(&mut self, data: Bytes) -> Address {
        let from = self.account(0);
        let receipt = self.transact(0, TxRequest { from, to: None, data, value: 0 }).await;
        receipt.contract_address.unwrap()
    }

    /// The address of an account.
    pub(crate) fn account(&self, who: AccountIndex) -> Address {
        self.keys[who].address()
    }

    /// Adds a funded account.
    pub(crate) async fn add_account(&mut self, key: PrivateKeySigner) -> AccountIndex {
        self.chain.node.set_balance(key.address(), INITIAL_BALANCE).await.unwrap();
        self.keys.push(key);
        self.nonces.push(0);
        self.nonces.len() - 1
    }

    /// The key of an account.
    pub(crate) fn key(&self, who: AccountIndex) -> &PrivateKeySigner {
        &self.keys[who]
    }

    /// Sends a transaction in a block of its own; it must succeed.
    async fn transact(&mut self, who: AccountIndex, tx_request: TxRequest) -> TransactionReceipt {
        let when = BlockTime { blocks: 0, time: self.chain.time };
        let signer = self.keys[who].clone();
        let nonce = self.nonces[who];
        self.nonces[who] += 1;
        let (receipt, ..) = self.chain.send(&tx_request, (&signer, nonce), when, false, &[]).await;
        assert!(receipt.status(), "{:?}", self.chain.call(&tx_request).await);
        receipt
    }

    /// Calls a contract in a transaction, and returns the receipt.
    pub(crate) async fn call<C: SolCall>(
        &mut self,
        who: AccountIndex,
        to: Address,
        call: &C,
        value: u128,
    ) -> TransactionReceipt {
        let data = call.abi_encode().into();
        let tx_request = TxRequest { from: self.account(who), to: Some(to), data, value };
        let receipt = self.transact(who, tx_request).await;
        let (transaction, gas) = (receipt.transaction_hash, receipt.gas_used);
        self.calls.push(CallRecord { signature: C::SIGNATURE, transaction, gas });
        receipt
    }

    /// Calls a contract in a transaction, and returns the gas.
    pub(crate) async fn send(
        &mut self,
        who: AccountIndex,
        to: Address,
        call: &impl SolCall,
        value: u128,
    ) -> u64 {
        self.call(who, to, call, value).await.gas_used
    }

    /// Calls the dispatcher in a transaction, and returns the gas.
    pub(crate) async fn send_to_dispatcher(
        &mut self,
        who: AccountIndex,
        call: &impl SolCall,
        value: u128,
    ) -> u64 {
        self.send(who, self.dispatcher, call, value).await
    }

    /// Sends transactions of two accounts in one block, and returns the gas of the second.
    pub(crate) async fn send_second_in_block<C: SolCall>(
        &mut self,
        calls: [(AccountIndex, Address, C); 2],
    ) -> u64 {
        let provider = self.chain.provider.clone();
        let set_automine = async |on: bool| {
            let () = provider.raw_request("evm_setAutomine".into(), (on,)).await.unwrap();
        };
        // Gas is estimated in the latest block, which must be behind the purchase.
        self.chain.mine_at(self.chain.time).await;
        set_automine(false).await;
        let mut hash = B256::ZERO;
        for (who, to, call) in calls {
            let data = Bytes::from(call.abi_encode());
            let from = self.account(who);
            let () =
                provider.raw_request("anvil_impersonateAccount".into(), (from,)).await.unwrap();
            let fields = json!({"from": from, "to": to, "data": data});
            hash = provider.raw_request("eth_sendTransaction".into(), (fields,)).await.unwrap();
            self.nonces[who] += 1;
        }
        self.chain.mine_at(self.chain.time).await;
        set_automine(true).await;
        let receipt = provider.get_transaction_receipt(hash).await.unwrap().unwrap();
        assert!(receipt.status() && receipt.transaction_index == Some(1), "{receipt:?}");
        receipt.gas_used
    }

    /// Calls a view.
    pub(crate) async fn view<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let data = call.abi_encode().into();
        let tx_request = TxRequest { from: self.account(0), to: Some(to), data, value: 0 };
        C::abi_decode_returns_validate(&self.chain.call(&tx_request).await.unwrap()).unwrap()
    }

    /// The hostio trace of a transaction.
    pub(crate) async fn trace(&self, transaction: B256) -> Vec<HostioStep> {
        let params = (transaction, BTreeMap::from([("tracer", "stylusTracer")]));
        let provider = &self.chain.provider;
        provider.raw_request("debug_traceTransaction".into(), params).await.unwrap()
    }

    /// Advances the time by seconds.
    pub(crate) async fn advance(&mut self, seconds: u32) {
        self.chain.mine_at(self.chain.time + u64::from(seconds)).await;
    }
}

/// The first event of this type in a receipt.
pub(crate) fn event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let mut logs = receipt.inner.logs().iter();
    logs.find_map(|log| E::decode_log(&log.inner).ok()).unwrap().data
}
