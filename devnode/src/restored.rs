//! What the options of a chain cannot change any more, because a state file has it.

use crate::chain::{Chain, Genesis};

/// How a chain from a state file differs from what the options ask for, a sentence for each. `chain_id` is what the chain is about
/// to get.
pub(crate) fn differences(chain: &Chain, genesis: &Genesis, chain_id: Option<u64>) -> Vec<String> {
    let state = chain.latest_state();
    let is_new = |account: &&_| state.balance(**account).is_zero() && state.nonce(**account) == 0;
    let (new, all) = (genesis.accounts.iter().filter(is_new).count(), genesis.accounts.len());
    let accounts = (new > 0).then(|| {
        format!(
            "{new} of {all} accounts have no ether: the state file keeps the accounts that it was made with, and --accounts, \
             --mnemonic and --balance are for a new chain (another file, or none)"
        )
    });
    let was = chain.chain_id();
    let chain_id = chain_id.filter(|chain_id| *chain_id != was).map(|chain_id| {
        format!(
            "the chain of the state file had the id {was} and has {chain_id} from now on: transactions signed for {was} are refused"
        )
    });
    accounts.into_iter().chain(chain_id).collect()
}
