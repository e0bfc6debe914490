//! What a call looks at: the accounts and storage words that its transaction may name beforehand.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    eips::eip2930::{AccessList, AccessListItem},
    primitives::{Address, B256, map::AddressMap},
};
use revm::state::Account;

use super::{CallRequest, Chain, ChainError, call::GAS_CAP};
use crate::{
    exec::{self, Execution, Message, ProgramEntry},
    precompiles,
    state::{
        arbos::{ARBOS, to_address},
        programs,
        settings::Setting,
    },
};

/// What a call looks at, and how it runs if that is said beforehand.
#[derive(Debug)]
pub(crate) struct AccessListOutcome {
    /// What it looks at, and what it named already.
    pub(crate) list: AccessList,
    /// How it runs.
    pub(crate) execution: Execution,
}

impl Chain {
    /// Finds out what a call looks at: it runs with what is known until nothing new turns up.
    ///
    /// Accounts that are warm anyway are only named for their storage, or if they are programs. What
    /// frames looked at that reverted is named too.
    ///
    /// # Errors
    /// Why the call may not run.
    pub(crate) fn access_list(
        &mut self,
        call: &CallRequest,
    ) -> Result<AccessListOutcome, ChainError> {
        let gas = call.request.gas.unwrap_or(GAS_CAP).min(GAS_CAP);
        let mut message = self.call_message(call, gas)?;
        let fees =
            to_address(self.state_at(call.block)?.slot(ARBOS, Setting::NetworkFeeAccount.slot()));
        // Each round names more, which costs more, so there is a last one.
        loop {
            let (mut context, modules) = self.call_context(call)?;
            context
                .validate(&message)
                .map_err(|why| ChainError::Call { why: Box::new(why), gas })?;
            let env = context.execution_env(modules);
            let (execution, entered) = exec::execute_recording_programs(env, &message)?;
            let mut builder = AccessListBuilder::new(&message.access_list);
            builder.add_loaded(&execution.changes, |address| {
                address == fees || is_warm(&message, address)
            });
            builder.add_program_entries(&entered);
            let list = builder.into_list();
            if list == message.access_list {
                return Ok(AccessListOutcome { list, execution });
            }
            message.access_list = list;
        }
    }
}

/// Accounts and slots that a message looked at.
struct AccessListBuilder(BTreeMap<Address, BTreeSet<B256>>);

impl AccessListBuilder {
    /// Those of a list.
    fn new(list: &AccessList) -> Self {
        let mut builder = Self(BTreeMap::new());
        for item in &list.0 {
            builder.0.entry(item.address).or_default().extend(&item.storage_keys);
        }
        builder
    }

    /// Adds those that a message has loaded, without the chain's own bookkeeping.
    fn add_loaded(&mut self, loaded: &AddressMap<Account>, is_warm: impl Fn(Address) -> bool) {
        for (&address, account) in loaded {
            let known = account.storage.is_empty() && (account.is_created() || is_warm(address));
            if address != ARBOS && !known {
                let slots = account.storage.keys().copied().map(B256::from);
                self.0.entry(address).or_default().extend(slots);
            }
        }
    }

    /// Adds what a node reads to enter programs, under the account that acts: its tracer takes the
    /// words of ArbOS for words of that account.
    fn add_program_entries(&mut self, entered: &[ProgramEntry]) {
        for &ProgramEntry { address, code_hash } in entered {
            let slots = [programs::params_slot(), programs::record_slot(code_hash)];
            self.0.entry(address).or_default().extend(slots.map(B256::from));
        }
    }

    /// All of them, in order.
    fn into_list(self) -> AccessList {
        let item = |(address, slots): (_, BTreeSet<_>)| AccessListItem {
            address,
            storage_keys: slots.into_iter().collect(),
        };
        AccessList(self.0.into_iter().map(item).collect())
    }
}

/// Whether an account is warm before a message runs, whatever it names.
fn is_warm(message: &Message, address: Address) -> bool {
    let mut authorities =
        message.authorizations.iter().filter_map(|signed| signed.recover_authority().ok());
    address == message.from
        || message.to.to() == Some(&address)
        || precompiles::is_precompile(address)
        || authorities.any(|authority| authority == address)
}
