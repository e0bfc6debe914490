//! Taking a signed transaction: what is checked, in which order, and the block that it makes.

use alloy::{
    consensus::{
        Signed, Transaction, TxEnvelope, TxLegacy,
        transaction::{Recovered, SignerRecoverable},
    },
    eips::eip2718::{Decodable2718, Eip2718Error},
    primitives::{Address, B256, TxKind, U256, map::AddressMap},
};

use super::{
    Block, Chain, DecodeError, Included, Refusal,
    block::{GAS_LIMIT, Place, SEQUENCER},
};
use crate::{
    CHAIN_ID,
    exec::{self, End, MAX_CODE, Message, Modules, Price, State, Surroundings},
    precompiles::Facts,
    state::settings::Setting,
};

/// The most bytes that a transaction may have.
const MAX_TRANSACTION: usize = 85_000;

/// The most bytes of init code.
pub(super) const MAX_INIT_CODE: usize = 2 * MAX_CODE;

/// The highest fee that is believed to be meant: one ether, in wei.
const FEE_CAP: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

impl Chain {
    /// Runs a signed transaction in a block of its own; its hash.
    ///
    /// # Errors
    /// Why it is refused. A transaction that runs and fails is not refused.
    pub(crate) fn submit(&mut self, raw: &[u8]) -> Result<B256, Refusal> {
        let transaction = decode(raw)?;
        let message = self.admit(&transaction, raw.len())?;
        let hash = *transaction.hash();
        let place = self.begin();
        let included = self.include(place, transaction, &message)?;
        self.append(Block::seal(place, vec![included]));
        Ok(hash)
    }

    /// Checks a transaction against the newest state; what to run.
    fn admit(&self, transaction: &Recovered<TxEnvelope>, size: usize) -> Result<Message, Refusal> {
        let from = transaction.signer();
        let base_fee = self.base_fee();
        let cap = transaction.max_fee_per_gas();
        let fee = U256::from(cap).saturating_mul(U256::from(transaction.gas_limit()));
        if fee > FEE_CAP {
            return Err(fee_cap(fee));
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
        let sender = self.store.account(from, self.height()).unwrap_or_default();
        let (have, want) = (transaction.nonce(), sender.nonce);
        if have < want {
            return Err(Refusal::NonceTooLow { from, have, want });
        }
        let price = fee.saturating_add(transaction.value());
        if sender.balance < price {
            return Err(Refusal::Funds { from, have: sender.balance, want: price });
        }
        if size > MAX_TRANSACTION {
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
    fn include(
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
            contract: contract(message),
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
    }
}

/// The address of the contract that a message creates.
fn contract(message: &Message) -> Option<Address> {
    message.to.is_create().then(|| message.from.create(message.nonce))
}

/// Reads a transaction and finds out who signed it.
fn decode(raw: &[u8]) -> Result<Recovered<TxEnvelope>, DecodeError> {
    let (&first, rest) = raw.split_first().ok_or(DecodeError::TooShort)?;
    if rest.is_empty() {
        return Err(DecodeError::TooShort);
    }
    let mut rest = raw;
    let envelope = match first {
        1 | 2 | 4 => TxEnvelope::decode_2718(&mut rest),
        0x80.. => {
            alloy::rlp::Header::decode(&mut &*raw).map_err(rlp)?;
            Signed::<TxLegacy>::fallback_decode(&mut rest).map(TxEnvelope::Legacy)
        }
        _ => return Err(DecodeError::Type),
    }
    .map_err(|error| match error {
        Eip2718Error::RlpError(error) => rlp(error),
        _ => DecodeError::Type,
    })?;
    if !rest.is_empty() {
        return Err(DecodeError::Trailing);
    }
    let signer = envelope.recover_signer().map_err(|_| DecodeError::Signature)?;
    Ok(Recovered::new_unchecked(envelope, signer))
}

/// Why an encoding cannot be read.
const fn rlp(error: alloy::rlp::Error) -> DecodeError {
    match error {
        alloy::rlp::Error::InputTooShort => DecodeError::Cut,
        error => DecodeError::Rlp(error),
    }
}

/// What a transaction runs. Its tip is offered, and never paid.
pub(super) fn message(transaction: &Recovered<TxEnvelope>, base_fee: u64) -> Message {
    Message {
        from: transaction.signer(),
        to: transaction.to().map_or(TxKind::Create, TxKind::Call),
        value: transaction.value(),
        data: transaction.input().clone(),
        nonce: transaction.nonce(),
        gas: transaction.gas_limit(),
        held_gas: 0,
        price: Price {
            paid: base_fee,
            offered: Some(transaction.effective_gas_price(Some(base_fee))),
        },
        access_list: transaction.access_list().cloned().unwrap_or_default(),
        authorizations: transaction.authorization_list().unwrap_or_default().to_vec(),
    }
}

/// The refusal of a fee, told in ether with two places.
fn fee_cap(fee: U256) -> Refusal {
    let (half, hundredth) =
        (U256::from(5_000_000_000_000_000_u64), U256::from(10_000_000_000_000_000_u64));
    let hundred = U256::from(100);
    let rounded = fee.saturating_add(half).checked_div(hundredth).unwrap_or_default();
    let ether = rounded.checked_div(hundred).unwrap_or_default();
    let cents = rounded.checked_rem(hundred).unwrap_or_default();
    Refusal::FeeCap(ether, cents.saturating_to())
}
