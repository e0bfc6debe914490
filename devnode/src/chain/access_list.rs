//! Access lists: the accounts and storage words that a call reads.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    eips::eip2930::{AccessList, AccessListItem},
    primitives::{Address, B256, map::AddressMap},
};
use revm::state::Account;

use super::{CallRequest, Chain, ChainError, call_gas::Purpose};
use crate::{
    exec::{self, Execution, Message, ProgramEntry},
    precompiles,
    state::{
        arbos::{ARBOS, to_address},
        arbos_version::ArbosVersion,
        l1_pricing::FUNDS_POOL,
        programs,
        settings::Setting,
    },
};

/// An access list, and the execution that uses it.
#[derive(Debug)]
pub(crate) struct AccessListOutcome {
    /// Accounts and words that the call reads, plus those that it named already.
    pub(crate) list: AccessList,
    /// The execution with this list.
    pub(crate) execution: Execution,
}

impl Chain {
    /// Creates the access list of a call: runs the call with the list so far until the list stays
    /// the same.
    ///
    /// Accounts that are warm anyway appear only with storage words, or if they are programs. Reads
    /// of reverted frames are included.
    ///
    /// # Errors
    /// If the call may not run.
    pub(crate) fn access_list(
        &mut self,
        call: &CallRequest,
    ) -> Result<AccessListOutcome, ChainError> {
        let gas = self.call_gas(call)?;
        let mut message = self.call_message(call, gas)?;
        let fees =
            to_address(self.state_at(call.block)?.slot(ARBOS, Setting::NetworkFeeAccount.slot()));
        let arbos = self.require_block(call.block)?.arbos();
        // Each round adds entries, which raises the gas, so the loop ends.
        loop {
            let (mut context, modules) = self.call_context(call)?;
            let charged = context
                .validate(call, message.clone(), Purpose::Call)
                .map_err(|why| ChainError::Call { why: Box::new(why), gas })?;
            let env = context.execution_env(modules);
            let (execution, entered) = exec::execute_recording_programs(env, &charged)?;
            let mut builder = AccessListBuilder::new(&message.access_list);
            builder.add_loaded(&execution.changes, |address| {
                [fees, FUNDS_POOL].contains(&address) || is_warm(&message, address, arbos)
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

/// Accounts and storage words read so far.
struct AccessListBuilder(BTreeMap<Address, BTreeSet<B256>>);

impl AccessListBuilder {
    /// Starts with the entries of a list.
    fn new(list: &AccessList) -> Self {
        let mut builder = Self(BTreeMap::new());
        for item in &list.0 {
            builder.0.entry(item.address).or_default().extend(&item.storage_keys);
        }
        builder
    }

    /// Adds the accounts and words that an execution loaded, without ArbOS's own state.
    fn add_loaded(&mut self, loaded: &AddressMap<Account>, is_warm: impl Fn(Address) -> bool) {
        for (&address, account) in loaded {
            let known = account.storage.is_empty() && (account.is_created() || is_warm(address));
            if address != ARBOS && !known {
                let slots = account.storage.keys().copied().map(B256::from);
                self.0.entry(address).or_default().extend(slots);
            }
        }
    }

    /// Adds the words that Nitro reads to enter a program, under the acting account: Nitro's tracer
    /// attributes words of ArbOS to that account.
    fn add_program_entries(&mut self, entered: &[ProgramEntry]) {
        for &ProgramEntry { address, code_hash } in entered {
            let slots = [programs::params_slot(), programs::record_slot(code_hash)];
            self.0.entry(address).or_default().extend(slots.map(B256::from));
        }
    }

    /// The access list, sorted.
    fn into_list(self) -> AccessList {
        let item = |(address, slots): (_, BTreeSet<_>)| AccessListItem {
            address,
            storage_keys: slots.into_iter().collect(),
        };
        AccessList(self.0.into_iter().map(item).collect())
    }
}

/// Whether an account is warm when a message starts, whatever its access list says.
fn is_warm(message: &Message, address: Address, arbos: ArbosVersion) -> bool {
    let mut authorities =
        message.authorizations.iter().filter_map(|signed| signed.recover_authority().ok());
    address == message.from
        || message.to.to() == Some(&address)
        || precompiles::is_precompile(address, arbos)
        || authorities.any(|authority| authority == address)
}
