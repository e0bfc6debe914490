//! Forks: the state and the blocks of another chain up to one of its blocks, fetched on demand.
//!
//! Reads have no errors of their own. One that fails unwinds with a [`ForkError`], which
//! [`attempt`] catches; what the request has written until then is reverted.

mod cache;
mod client;
mod error;
mod options;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy::{
    consensus::Header,
    primitives::{Address, B256, Bytes, U64, U256, map::AddressMap},
    rpc::types,
};
use revm::{bytecode::Bytecode, state::AccountInfo};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use cache::Cache;
use client::Client;
pub(crate) use error::ForkError;
pub(crate) use options::{ForkOptions, ForkPoint};

/// A precompile that every Arbitrum chain has.
const ARB_SYS: Address = Address::with_last_byte(0x64);

/// Code of every precompile of Arbitrum.
const PRECOMPILE_CODE: &str = "0xfe";

/// Another chain up to one of its blocks.
#[derive(Debug)]
pub(crate) struct Fork {
    /// The last block.
    point: ForkPoint,
    /// Its header.
    header: Header,
    /// Fetches answers; `None` if there is no node.
    client: Mutex<Option<Client>>,
    /// Answers so far.
    cache: Mutex<Cache>,
    /// Accounts that were read.
    accounts: Mutex<AddressMap<Option<AccountInfo>>>,
    /// Storage words that were read.
    slots: Mutex<HashMap<(Address, U256), U256>>,
}

/// Runs a task whose reads may fail.
///
/// # Errors
/// That of the read.
pub(crate) fn attempt<R>(task: impl FnOnce() -> R) -> Result<R, ForkError> {
    catch_unwind(AssertUnwindSafe(task)).map_err(|payload| match payload.downcast::<ForkError>() {
        Ok(error) => *error,
        Err(payload) => resume_unwind(payload),
    })
}

/// Unwinds with the error of a read, to the next [`attempt`].
fn unwind<T>(result: Result<T, ForkError>) -> T {
    result.unwrap_or_else(|error| resume_unwind(Box::new(error)))
}

/// Locks a mutex, whatever happened to it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parses an answer.
fn parse<T: DeserializeOwned>(method: &'static str, answer: Value) -> Result<T, ForkError> {
    serde_json::from_value(answer).map_err(|why| ForkError::Malformed { method, why })
}

impl Fork {
    /// Opens a fork. Must not be called by a task of Tokio, and nor must reads.
    ///
    /// # Errors
    /// If the node does not answer, is not of an Arbitrum chain that this chain can continue, or lacks
    /// the block; if the cache cannot be used, or lacks the block and there is no node.
    pub(crate) fn open(options: &ForkOptions) -> Result<Self, ForkError> {
        let client = options.url.as_deref().map(Client::new).transpose()?;
        let (chain_id, height) = match (&client, options.cache.as_deref()) {
            (Some(client), _) => {
                let chain_id: U64 = client.ask("eth_chainId", json!([]))?;
                let latest: U64 = client.ask("eth_blockNumber", json!([]))?;
                let (latest, height) = (latest.to(), options.block);
                if let Some(height) = height.filter(|&height| height > latest) {
                    return Err(ForkError::NoSuchBlock { height, latest });
                }
                (chain_id.to(), height.unwrap_or(latest))
            }
            (None, Some(folder)) => cache::find(folder, options.block)?,
            (None, None) => return Err(ForkError::NoChain(options.block.unwrap_or_default())),
        };
        let cache = Cache::open(options.cache.as_deref(), chain_id, height)?;
        let mut fork = Self {
            point: ForkPoint { chain_id, height, hash: B256::ZERO },
            header: Header::default(),
            client: Mutex::new(client),
            cache: Mutex::new(cache),
            accounts: Mutex::default(),
            slots: Mutex::default(),
        };
        let header: types::Header = parse("eth_getBlockByNumber", fork.required_block(height)?)?;
        if header.inner.hash_slow() != header.hash {
            return Err(ForkError::BlockHash(height));
        }
        fork.point.hash = header.hash;
        fork.header = header.inner;
        fork.check_node()?;
        let code = fork.at_point("eth_getCode", json!([ARB_SYS]))?;
        if code != PRECOMPILE_CODE {
            return Err(ForkError::NotArbitrum { chain_id, height });
        }
        Ok(fork)
    }

    /// Fails if the node is of another chain than the cache, or has another block.
    fn check_node(&self) -> Result<(), ForkError> {
        match &*lock(&self.client) {
            Some(client) => self.check(client),
            None => Ok(()),
        }
    }

    /// Fails unless a node has the chain and the block.
    fn check(&self, client: &Client) -> Result<(), ForkError> {
        let ForkPoint { chain_id: want, height, hash } = self.point;
        let have: U64 = client.ask("eth_chainId", json!([]))?;
        if have.to::<u64>() != want {
            return Err(ForkError::OtherChain { have: have.to(), want });
        }
        let block: Value = client.ask("eth_getBlockByNumber", json!([U64::from(height), false]))?;
        if block.get("hash") != Some(&json!(hash)) {
            return Err(ForkError::OtherBlock { height, hash });
        }
        Ok(())
    }

    /// Fetches from another node from now on.
    ///
    /// # Errors
    /// If it does not answer, or is not of the same chain; the old one stays.
    pub(crate) fn set_url(&self, url: &str) -> Result<(), ForkError> {
        let client = Client::new(url)?;
        self.check(&client)?;
        *lock(&self.client) = Some(client);
        Ok(())
    }

    /// URL of the node.
    pub(crate) fn url(&self) -> Option<String> {
        lock(&self.client).as_ref().map(|client| client.url().to_owned())
    }

    /// The last block.
    pub(crate) const fn point(&self) -> ForkPoint {
        self.point
    }

    /// Header of the last block.
    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    /// An account with its code, after the last block. Unwinds if it cannot be fetched.
    pub(crate) fn account(&self, address: Address) -> Option<AccountInfo> {
        if let Some(known) = lock(&self.accounts).get(&address) {
            return known.clone();
        }
        let account = unwind(self.fetch_account(address));
        lock(&self.accounts).insert(address, account.clone());
        account
    }

    /// Tells that a contract is about to be created. Without a node, an account that was never fetched
    /// is taken not to exist: its creator has not used the nonce before.
    pub(crate) fn expect_created(&self, address: Address) {
        if lock(&self.client).is_some() || lock(&self.accounts).contains_key(&address) {
            return;
        }
        if let Err(ForkError::Offline { .. }) = self.fetch_account(address) {
            lock(&self.accounts).insert(address, None);
        }
    }

    /// Fetches an account.
    fn fetch_account(&self, address: Address) -> Result<Option<AccountInfo>, ForkError> {
        let methods = ["eth_getBalance", "eth_getTransactionCount", "eth_getCode"];
        let height = U64::from(self.point.height);
        let answers = self.ask_all(&methods.map(|method| (method, json!([address, height]))))?;
        let [balance, nonce, code] = <[Value; 3]>::try_from(answers).unwrap_or_default();
        let balance: U256 = parse("eth_getBalance", balance)?;
        let nonce: U64 = parse("eth_getTransactionCount", nonce)?;
        let code: Bytes = parse("eth_getCode", code)?;
        if balance.is_zero() && nonce.is_zero() && code.is_empty() {
            return Ok(None);
        }
        let code = if code.is_empty() {
            Bytecode::default()
        } else {
            Bytecode::new_raw_checked(code).map_err(|_| ForkError::Delegation(address))?
        };
        let info = AccountInfo::from_bytecode(code);
        Ok(Some(AccountInfo { balance, nonce: nonce.to(), ..info }))
    }

    /// A storage word after the last block. Unwinds if it cannot be fetched.
    pub(crate) fn slot(&self, address: Address, key: U256) -> U256 {
        // Accounts without code and nonce have no storage.
        if self.account(address).is_none_or(|info| info.nonce == 0 && info.is_empty_code_hash()) {
            return U256::ZERO;
        }
        if let Some(&known) = lock(&self.slots).get(&(address, key)) {
            return known;
        }
        let word = self.at_point("eth_getStorageAt", json!([address, B256::from(key)]));
        let word: B256 = unwind(word.and_then(|word| parse("eth_getStorageAt", word)));
        lock(&self.slots).insert((address, key), word.into());
        word.into()
    }

    /// Hash of a block up to the last one. Unwinds if it cannot be fetched.
    pub(crate) fn block_hash(&self, height: u64) -> Option<B256> {
        if height > self.point.height {
            return None;
        }
        let block = unwind(self.required_block(height));
        block.get("hash").and_then(|hash| serde_json::from_value(hash.clone()).ok())
    }

    /// Whether an object of JSON is in a block up to the last one; `field` names the height.
    pub(crate) fn contains(&self, object: &Value, field: &str) -> bool {
        let height = object.get(field).cloned().map(serde_json::from_value::<U64>);
        height.and_then(Result::ok).is_some_and(|height| height.to::<u64>() <= self.point.height)
    }

    /// A block up to the last one, as JSON.
    fn required_block(&self, height: u64) -> Result<Value, ForkError> {
        let block = self.ask("eth_getBlockByNumber", json!([U64::from(height), false]))?;
        if block.is_null() { Err(ForkError::BlockGone(height)) } else { Ok(block) }
    }

    /// The answer to a request about the state after the last block.
    fn at_point(&self, method: &'static str, mut params: Value) -> Result<Value, ForkError> {
        if let Some(params) = params.as_array_mut() {
            params.push(json!(U64::from(self.point.height)));
        }
        self.ask(method, params)
    }

    /// The answer to a request about blocks up to the last one, from the cache if it is there.
    ///
    /// # Errors
    /// If it is not in the cache, and cannot be fetched.
    pub(crate) fn ask(&self, method: &'static str, params: Value) -> Result<Value, ForkError> {
        let answers = self.ask_all(&[(method, params)])?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// The answer about a block or a transaction of this hash; null if there is none. Without a node,
    /// those that were never fetched are unknown.
    ///
    /// # Errors
    /// If it cannot be fetched.
    pub(crate) fn find(&self, method: &'static str, params: Value) -> Result<Value, ForkError> {
        match self.ask(method, params) {
            Err(ForkError::Offline { .. }) => Ok(Value::Null),
            found => found,
        }
    }

    /// The answers to several requests, fetched at the same time.
    fn ask_all(&self, requests: &[(&'static str, Value)]) -> Result<Vec<Value>, ForkError> {
        let mut cache = lock(&self.cache);
        let missing: Vec<_> = requests
            .iter()
            .filter(|(method, params)| cache.get(method, params).is_none())
            .cloned()
            .collect();
        if let Some((method, params)) = missing.first() {
            let client = lock(&self.client);
            let Some(client) = &*client else {
                return Err(ForkError::Offline { method, params: params.to_string() });
            };
            let answers = client.ask_all(self.point.chain_id, &missing)?;
            for ((method, params), answer) in missing.iter().zip(answers) {
                cache.insert(method, params, answer)?;
            }
        }
        let answer = |(method, params): &(&'static str, Value)| cache.get(method, params).cloned();
        Ok(requests.iter().map(|request| answer(request).unwrap_or_default()).collect())
    }
}
