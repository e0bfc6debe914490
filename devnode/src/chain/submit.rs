//! Taking a transaction: what is checked, in which order, and the block that it makes.

use alloy::{
    consensus::{Transaction, TxEnvelope, transaction::Recovered},
    primitives::{Address, B256, U256, map::AddressMap},
};

use super::{
    Chain, Included, Incoming, Refusal,
    block::{GAS_LIMIT, Place, SEQUENCER},
    fee::Fee,
    transaction::message,
};
use crate::{
    CHAIN_ID,
    exec::{self, End, MAX_CODE, Message, Modules, State, Surroundings},
    precompiles::Facts,
    state::settings::Setting,
};

/// The most bytes that a transaction may have.
const MAX_TRANSACTION: usize = 85_000;

/// The most bytes of init code.
pub(super) const MAX_INIT_CODE: usize = 2 * MAX_CODE;

impl Chain {
    /// Takes a transaction: runs it in a block of its own, or lets it wait for the next block if
    /// blocks are not made at once. Its hash.
    ///
    /// # Errors
    /// Why it is refused. A transaction that runs and fails is not refused.
    pub(crate) fn submit(&mut self, incoming: Incoming) -> Result<B256, Refusal> {
        let hash = incoming.hash();
        if self.automine {
            let message = self.admit(&incoming, self.height())?;
            let place = self.begin();
            let included = self.include(place, incoming.transaction, &message)?;
            self.close(place, vec![included]);
            self.mine_ready();
            return Ok(hash);
        }
        match self.admit(&incoming, self.height()) {
            Err(Refusal::NonceTooHigh { from, have, .. }) if have <= self.next_nonce(from) => {}
            judged => drop(judged?),
        }
        self.pool.add(incoming)?;
        self.touch();
        Ok(hash)
    }

    /// The nonce of the next transaction of an account, after those that wait.
    pub(crate) fn next_nonce(&self, account: Address) -> u64 {
        let nonce = self.newest().nonce(account);
        self.pool.next_nonce(account, nonce)
    }

    /// Checks a transaction against the state after block `height`; what to run.
    pub(super) fn admit(&self, incoming: &Incoming, height: u64) -> Result<Message, Refusal> {
        let transaction = &incoming.transaction;
        let from = transaction.signer();
        let base_fee = self.base_fee();
        let cap = transaction.max_fee_per_gas();
        let fee = Fee::new(U256::from(cap), transaction.gas_limit());
        if fee.is_absurd() {
            return Err(Refusal::FeeCap(fee));
        }
        let message = message(transaction, base_fee);
        if exec::intrinsic_gas(&message) > message.gas {
            return Err(Refusal::IntrinsicGas);
        }
        if let Some(other) = transaction.chain_id().filter(|&id| id != CHAIN_ID) {
            return Err(Refusal::ChainId(other));
        }
        if cap < u128::from(base_fee) {
            return Err(Refusal::BaseFee { from, cap, base: base_fee, call: false });
        }
        let sender = self.store.account(from, height).unwrap_or_default();
        let (have, want) = (transaction.nonce(), sender.nonce);
        if have < want {
            return Err(Refusal::NonceTooLow { from, have, want });
        }
        let price = fee.wei().saturating_add(transaction.value());
        if sender.balance < price {
            return Err(Refusal::Funds { from, have: sender.balance, want: price });
        }
        if incoming.size > MAX_TRANSACTION {
            return Err(Refusal::Oversized);
        }
        if have > want {
            return Err(Refusal::NonceTooHigh { from, have, want });
        }
        if message.to.is_create() && message.data.len() > MAX_INIT_CODE {
            return Err(Refusal::InitCode(message.data.len()));
        }
        if transaction.is_eip7702() && message.authorizations.is_empty() {
            return Err(Refusal::NoAuthorizations(from));
        }
        Ok(message.cap_gas(self.setting(Setting::MaxTxGas)))
    }

    /// Runs a transaction in the block at `place` and keeps what it changed.
    pub(super) fn include(
        &mut self,
        place: Place,
        transaction: Recovered<TxEnvelope>,
        message: &Message,
    ) -> Result<Included, Refusal> {
        let state = State::new(self.store.view(place.height));
        let around = surroundings(place, state, &self.hashes, &mut self.modules);
        let execution = exec::execute(around, message)?;
        self.store.commit(place.height, execution.changes);
        Ok(Included {
            success: matches!(execution.end, End::Success),
            gas_used: execution.gas_used,
            logs: execution.logs,
            contract: contract(&transaction),
            transaction,
        })
    }
}

/// What a transaction runs in, in the block at `place`.
pub(super) fn surroundings<'a>(
    place: Place,
    state: State<'a>,
    hashes: &'a [B256],
    modules: &'a mut Modules,
) -> Surroundings<'a> {
    let Place { height, timestamp, base_fee, .. } = place;
    Surroundings {
        state,
        facts: Facts { height, timestamp, base_fee },
        beneficiary: SEQUENCER,
        gas_limit: GAS_LIMIT,
        hashes,
        moved: AddressMap::default(),
        replaced: Vec::new(),
        modules,
        deadline: None,
    }
}

/// The address of the contract that a transaction creates.
pub(super) fn contract(transaction: &Recovered<TxEnvelope>) -> Option<Address> {
    transaction.is_create().then(|| transaction.signer().create(transaction.nonce()))
}
