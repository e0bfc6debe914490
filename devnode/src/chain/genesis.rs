//! The state of block zero: funded accounts, precompiles, ArbOS, and the contract with block hashes
//! (EIP-2935).

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, U256, address, hex};
use revm::{bytecode::Bytecode, state::AccountInfo};
use stylus_engine::Params;

use super::genesis_file::GenesisAccount;
use crate::{
    Network,
    accounts::{DEV_ADDRESS, DEV_BALANCE},
    exec::PRECOMPILE_CODE,
    precompiles,
    state::{
        BlockArbosStorage, Store,
        arbos::{ARBOS, AddressSet},
        arbos_version::ArbosVersion,
        batch_posters, l2_pricing, programs,
        settings::Setting,
    },
};

/// The contract that returns the hashes of the last [`HISTORY_WINDOW`] blocks.
pub(crate) const HASH_HISTORY: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");

/// Number of block hashes that the contract keeps.
const HISTORY_WINDOW: u64 = 393_168;

/// Code of the contract, the same on every Arbitrum chain.
const HASH_HISTORY_CODE: &[u8] = &hex!(
    "3373fffffffffffffffffffffffffffffffffffffffe1460605760203603605c575f3563a3b1b31d5f5260205f60"
    "04601c60645afa15605c575f51600181038211605c57816205ffd0910311605c576205ffd09006545f5260205ff3"
    "5b5f5ffd5b5f356205ffd0600163a3b1b31d5f5260205f6004601c60645afa15605c575f5103065500"
);

/// The precompile that only the chain itself may call.
const ARBOS_ACTS_ADDRESS: Address = address!("00000000000000000000000000000000000a4b05");

/// The storage slot for the hash of the block before `height`.
pub(super) fn parent_hash_slot(height: u64) -> U256 {
    let slot = height.checked_sub(1).and_then(|parent| parent.checked_rem(HISTORY_WINDOW));
    U256::from(slot.unwrap_or_default())
}

/// Writes the code of the precompiles of a version. They keep their money.
pub(super) fn write_precompiles(store: &mut Store, height: u64, arbos: ArbosVersion) {
    for precompile in precompiles::addresses(arbos).chain([ARBOS_ACTS_ADDRESS]) {
        let mut info = store.account(precompile, height).unwrap_or_default();
        info.set_code(Bytecode::new_legacy(Bytes::from_static(&PRECOMPILE_CODE)));
        store.write_account(height, precompile, info);
    }
}

/// How a new chain begins.
#[derive(Clone, Debug)]
pub(crate) struct Genesis {
    /// Accounts that are funded besides the dev account.
    pub(crate) accounts: Vec<Address>,
    /// Balance of each of them in wei.
    pub(crate) balance: u128,
    /// Other accounts. What the chain itself writes at their addresses wins.
    pub(crate) alloc: BTreeMap<Address, GenesisAccount>,
    /// Id of the chain.
    pub(crate) chain_id: u64,
    /// Whether each transaction is mined at once.
    pub(crate) automine: bool,
    /// Unix second of block zero and of the set-up; `None` means now.
    pub(crate) timestamp: Option<u64>,
    /// Version of ArbOS.
    pub(crate) arbos: ArbosVersion,
    /// The network whose parameters the chain has.
    pub(crate) network: Network,
    /// Wei per unit of data on the parent chain; `None` uses that of the network.
    pub(crate) l1_price: Option<u64>,
    /// Seconds between blocks of the parent chain; `None` uses that of the network.
    pub(crate) l1_block_time: Option<u64>,
}

impl GenesisAccount {
    /// Writes the account into the state of block zero.
    fn write(&self, store: &mut Store, address: Address) {
        let Self { balance, nonce, code, storage } = self;
        store.write_contract(0, address, nonce.saturating_to(), code.clone());
        let mut info = store.account(address, 0).unwrap_or_default();
        info.balance = *balance;
        store.write_account(0, address, info);
        for (&slot, &word) in storage {
            store.write_slot(0, address, slot, word);
        }
    }
}

impl Genesis {
    /// Writes the state of block zero.
    pub(super) fn write(&self, store: &mut Store) {
        let balance = U256::from(self.balance);
        for &account in &self.accounts {
            store.write_account(0, account, AccountInfo::from_balance(balance));
        }
        for (&address, account) in &self.alloc {
            account.write(store, address);
        }
        store.write_account(0, DEV_ADDRESS, AccountInfo::from_balance(DEV_BALANCE));
        write_precompiles(store, 0, self.arbos);
        store.write_contract(0, HASH_HISTORY, 1, Bytes::from_static(HASH_HISTORY_CODE));
        store.write_contract(0, ARBOS, 1, Bytes::new());

        let mut words = BlockArbosStorage::new(store, 0);
        for setting in Setting::ALL {
            setting.set(&mut words, U256::from(setting.initial(self.network)));
        }
        l2_pricing::set_constraints(&mut words, &self.network.constraints());
        programs::save_params(&mut words, &Params::new(self.arbos.stylus()));
        programs::init_pricer(&mut words);
        batch_posters::add(&mut words, batch_posters::BATCH_POSTER);
        let owners = AddressSet::owners();
        owners.add(&mut words, Address::ZERO);
        owners.add(&mut words, DEV_ADDRESS);
    }
}
