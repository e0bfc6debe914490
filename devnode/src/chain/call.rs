//! Calls that change nothing: their sender, price and gas, and what they may pretend about state
//! and block.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    eips::BlockId,
    primitives::{
        Address, B256, TxKind, U256,
        map::{AddressMap, B256Map},
    },
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use revm::{Database, bytecode::Bytecode, state::AccountInfo};

use super::{Chain, Refusal, block::GAS_LIMIT, node_interface, submit::MAX_INIT_CODE};
use crate::{
    CHAIN_ID,
    exec::{self, Execution, Message, Modules, Price, State, Surroundings},
    precompiles::{self, Facts},
};

/// The most gas that a call may use.
pub(super) const GAS_CAP: u64 = 50_000_000;

/// The longest that a call may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A call, and what it pretends.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The call.
    pub(crate) request: TransactionRequest,
    /// The block after which it runs.
    pub(crate) block: BlockId,
    /// What it pretends about accounts.
    pub(crate) state: StateOverride,
    /// What it pretends about the block.
    pub(crate) overrides: BlockOverrides,
    /// When it has to be done, however often it is tried.
    pub(super) deadline: Instant,
}

impl Ask {
    /// A call that has to be done soon from now.
    pub(crate) fn new(
        request: TransactionRequest,
        block: BlockId,
        state: StateOverride,
        overrides: BlockOverrides,
    ) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(TIME_LIMIT).unwrap_or(now);
        Self { request, block, state, overrides, deadline }
    }
}

/// The state and block that a call runs in.
pub(super) struct Stage<'a> {
    /// The state, with what the call pretends on top.
    pub(super) state: State<'a>,
    /// Height, time and base fee.
    facts: Facts,
    /// Who the block belongs to.
    beneficiary: Address,
    /// The gas limit of the block.
    gas_limit: u64,
    /// The hashes of all blocks.
    hashes: &'a [B256],
    /// Precompiles that answer elsewhere.
    moved: AddressMap<Address>,
    /// Precompiles that are replaced by code.
    replaced: Vec<Address>,
    /// When the call has to be done.
    deadline: Instant,
}

impl Chain {
    /// Runs a call.
    ///
    /// # Errors
    /// Why it may not run; a call that runs and fails is not refused.
    pub(crate) fn call(&mut self, ask: &Ask) -> Result<Execution, Refusal> {
        let gas = ask.request.gas.unwrap_or(GAS_CAP).min(GAS_CAP);
        let message = self.message(ask, gas)?;
        let (mut stage, modules) = self.stage(ask)?;
        stage.check(&message).map_err(|why| Refusal::Call { why: Box::new(why), gas })?;
        stage.play(&message, modules)
    }

    /// The message that a call sends with `gas`.
    ///
    /// # Errors
    /// If the call contradicts itself.
    pub(super) fn message(&self, ask: &Ask, gas: u64) -> Result<Message, Refusal> {
        let request = &ask.request;
        if let Some(other) = request.chain_id.filter(|&id| id != CHAIN_ID) {
            return Err(Refusal::CallChainId(other));
        }
        let dynamic =
            request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
        if request.gas_price.is_some() && dynamic {
            return Err(Refusal::TwoPrices);
        }
        let block = self.get(ask.block)?;
        let base_fee = ask.overrides.base_fee.map_or(block.base_fee(), |fee| fee.saturating_to());
        let cap = request.gas_price.or(request.max_fee_per_gas).filter(|&price| price > 0);
        let price = match cap {
            Some(cap) => Price { paid: base_fee, offered: Some(cap) },
            None => Price::default(),
        };
        Ok(Message {
            from: request.from.unwrap_or_default(),
            to: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or_default(),
            data: request.input.input().cloned().unwrap_or_default(),
            nonce: 0,
            gas,
            held_gas: 0,
            price,
            access_list: request.access_list.clone().unwrap_or_default(),
            authorizations: request.authorization_list.clone().unwrap_or_default(),
        })
    }

    /// Sets the stage for a call; with it, the programs that the chain has compiled.
    ///
    /// # Errors
    /// If the block does not exist, if what the call pretends contradicts itself, or if only the node
    /// itself could answer.
    pub(super) fn stage(&mut self, ask: &Ask) -> Result<(Stage<'_>, &mut Modules), Refusal> {
        if let Some(TxKind::Call(to)) = ask.request.to
            && node_interface::answers_at(to)
        {
            return Err(Refusal::NodeInterface(to));
        }
        let block = Arc::clone(self.get(ask.block)?);
        let Self { store, hashes, modules, .. } = self;
        let overrides = &ask.overrides;
        let base_fee = overrides.base_fee.map_or(block.base_fee(), |fee| fee.saturating_to());
        let mut stage = Stage {
            state: State::new(store.view(block.height())),
            facts: Facts {
                height: block.height().saturating_add(u64::from(ask.block.is_pending())),
                timestamp: overrides.time.unwrap_or(block.header.timestamp),
                base_fee,
            },
            beneficiary: overrides.coinbase.unwrap_or(block.header.beneficiary),
            gas_limit: overrides.gas_limit.unwrap_or(GAS_LIMIT),
            hashes,
            moved: AddressMap::default(),
            replaced: Vec::new(),
            deadline: ask.deadline,
        };
        stage.pretend(&ask.state)?;
        Ok((stage, modules))
    }
}

impl<'a> Stage<'a> {
    /// Checks whether a message may run here.
    pub(super) fn check(&mut self, message: &Message) -> Result<(), Refusal> {
        let from = message.from;
        if let Some(cap) = message.price.offered
            && cap < u128::from(self.facts.base_fee)
        {
            return Err(Refusal::BaseFee { from, cap, base: self.facts.base_fee, call: true });
        }
        let price = U256::from(message.price.offered.unwrap_or_default());
        let fee = price.saturating_mul(U256::from(message.gas));
        let want = fee.saturating_add(message.value);
        let have = self.account(from).balance;
        if have < want {
            return Err(Refusal::Funds { from, have, want });
        }
        let least = exec::intrinsic_gas(message);
        if message.gas < least {
            return Err(Refusal::IntrinsicGasOf { have: message.gas, want: least });
        }
        if message.to.is_create() && message.data.len() > MAX_INIT_CODE {
            return Err(Refusal::InitCode(message.data.len()));
        }
        Ok(())
    }

    /// Runs a message that was checked.
    pub(super) fn play(
        self,
        message: &Message,
        modules: &mut Modules,
    ) -> Result<Execution, Refusal> {
        Ok(exec::execute(self.around(modules), message)?)
    }

    /// What a message that was checked runs in.
    pub(super) fn around<'s>(self, modules: &'s mut Modules) -> Surroundings<'s>
    where
        'a: 's,
    {
        Surroundings {
            state: self.state,
            facts: self.facts,
            beneficiary: self.beneficiary,
            gas_limit: self.gas_limit,
            hashes: self.hashes,
            moved: self.moved,
            replaced: self.replaced,
            modules,
            deadline: Some(self.deadline),
        }
    }

    /// An account, empty if there is none.
    pub(super) fn account(&mut self, address: Address) -> AccountInfo {
        let Ok(info) = self.state.basic(address);
        info.unwrap_or_default()
    }

    /// Puts what a call pretends about accounts on top of the state.
    fn pretend(&mut self, accounts: &StateOverride) -> Result<(), Refusal> {
        for (&address, change) in accounts {
            if let Some(to) = change.move_precompile_to {
                if !precompiles::exists(address) {
                    return Err(Refusal::NotAPrecompile(address));
                }
                self.moved.insert(to, address);
                self.replaced.push(address);
            }
            let mut info = self.account(address);
            if let Some(balance) = change.balance {
                info.balance = balance;
            }
            if let Some(nonce) = change.nonce {
                info.nonce = nonce;
            }
            if let Some(code) = &change.code {
                info.set_code(Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| {
                    // Only a delegation can be malformed, and then it is code like any other.
                    Bytecode::new_legacy(code.clone())
                }));
                self.replaced.push(address);
            }
            self.state.insert_account_info(address, info);
            match (&change.state, &change.state_diff) {
                (Some(_), Some(_)) => return Err(Refusal::StateAndDiff(address)),
                (Some(all), None) => {
                    let Ok(()) = self.state.replace_account_storage(address, words(all).collect());
                }
                (None, Some(some)) => {
                    for (slot, value) in words(some) {
                        let Ok(()) = self.state.insert_account_storage(address, slot, value);
                    }
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}

/// Storage words in the form that the state wants.
fn words(storage: &B256Map<B256>) -> impl Iterator<Item = (U256, U256)> {
    storage.iter().map(|(&slot, &value)| (slot.into(), value.into()))
}
