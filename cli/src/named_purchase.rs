//! What was bought under a name, compared with what is asked for under it now.

use alloy::primitives::Address;
use muster_client::protocol::abi::State;
use muster_client::protocol::layout::Terms;
use muster_client::state_text;

use crate::options::order::OrderArgs;

/// Why the purchase of a name is not what is asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamedPurchaseError {
    /// Something else was bought.
    #[error(
        "the purchase {name} is {agreement}, with other terms ({terms}): use another name for another order"
    )]
    OtherOrder {
        /// The name.
        name: Box<str>,
        /// What was bought.
        agreement: Address,
        /// What differs.
        terms: Box<str>,
    },
    /// The agreement is over.
    #[error("the purchase {name} is {agreement}, which is {state}: use another name to buy again")]
    Over {
        /// The name.
        name: Box<str>,
        /// What was bought.
        agreement: Address,
        /// Its state.
        state: &'static str,
    },
}

/// Checks that the agreement of a name is one that the order describes, and not over.
///
/// # Errors
/// [`NamedPurchaseError`].
pub(crate) fn check(
    name: &str,
    order: &OrderArgs,
    agreement: Address,
    terms: &Terms,
    state: State,
) -> Result<(), NamedPurchaseError> {
    let name = name.into();
    let contradictions = order.contradictions(terms);
    if !contradictions.is_empty() {
        let terms = contradictions.join("; ").into();
        return Err(NamedPurchaseError::OtherOrder { name, agreement, terms });
    }
    if matches!(state, State::Settled | State::Void) {
        return Err(NamedPurchaseError::Over { name, agreement, state: state_text(state) });
    }
    Ok(())
}
