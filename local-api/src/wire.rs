//! What goes over the wire.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::State;
use muster_client::{Application, ApplicationError, Receipt};
use muster_daemons::client::OrderTerms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limit::Spending;
use crate::right::Right;
use crate::wei::Wei;

/// One worker.
const fn one() -> u8 {
    1
}

/// The account behind the API, and the token that asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AccountInfo {
    /// The account's address.
    #[schema(value_type = String)]
    pub(crate) account: Address,
    /// The market's contract.
    #[schema(value_type = String)]
    pub(crate) market: Address,
    /// The id of the chain.
    pub(crate) chain_id: u64,
    /// The market's clock now: the tick of the next transaction.
    pub(crate) tick: u64,
    /// Wei of the account.
    pub(crate) balance: Wei,
    /// Wei that the market owes the account.
    pub(crate) credit: Wei,
    /// The token.
    pub(crate) token: TokenInfo,
}

/// The token that asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TokenInfo {
    /// Its name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) rights: BTreeSet<Right>,
    /// What it has spent, in the period of its limit.
    pub(crate) spending: Spending,
    /// What it may still spend.
    pub(crate) left: Wei,
}

/// An order. Without anything but redundancy and length, the market's default terms apply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderBody {
    /// How many different workers do the work, 1 to 8. It counts only without `workers`.
    #[serde(default = "one")]
    #[schema(default = 1)]
    pub(crate) redundancy: u8,
    /// The numbers of the workers to hire; without any, the cheapest that qualify.
    #[serde(default)]
    pub(crate) workers: Vec<u32>,
    /// The length in ticks; without it, the market's shortest.
    #[serde(default)]
    pub(crate) length: Option<u32>,
    /// The application, by a name of up to 8 bytes; without it, that of the first worker to hire, else `0`.
    #[serde(default)]
    pub(crate) application: Option<String>,
    /// The number of windows, 1 to 21.
    #[serde(default)]
    pub(crate) windows: Option<u8>,
    /// The testers of each window: 0, or odd from 3 to 15.
    #[serde(default)]
    pub(crate) testers: Option<u8>,
    /// The lowest score of a worker, in basis points.
    #[serde(default)]
    pub(crate) min_score: Option<u16>,
    /// The lowest uptime that a worker promises, in basis points.
    #[serde(default)]
    pub(crate) min_uptime: Option<u16>,
    /// The last tick in which the purchase is valid.
    #[serde(default)]
    pub(crate) expiry: Option<u64>,
    /// The number of the listed worker to start from.
    #[serde(default)]
    pub(crate) start: Option<u32>,
}

impl TryFrom<OrderBody> for OrderTerms {
    type Error = ApplicationError;

    fn try_from(body: OrderBody) -> Result<Self, ApplicationError> {
        let application = body.application.as_deref().map(str::parse::<Application>);
        Ok(Self {
            redundancy: body.redundancy,
            workers: body.workers,
            length: body.length,
            application: application.transpose()?,
            windows: body.windows,
            testers: body.testers,
            min_score: body.min_score,
            min_uptime: body.min_uptime,
            expiry: body.expiry,
            start: body.start,
        })
    }
}

/// The price of an order, and the workers that it would buy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QuoteInfo {
    /// The price of everything.
    pub(crate) price: Wei,
    /// The part of it for the workers' time, if the workers' prices are still those of the quote.
    pub(crate) work: Option<Wei>,
    /// The part of it for testers, likewise.
    pub(crate) tester_fees: Option<Wei>,
    /// The length in ticks.
    pub(crate) length: u32,
    /// The number of windows.
    pub(crate) windows: u8,
    /// The testers of each window.
    pub(crate) testers: u8,
    /// The number of the first worker of the choice.
    pub(crate) start: u32,
    /// The accounts of the workers.
    #[schema(value_type = Vec<String>)]
    pub(crate) workers: Vec<Address>,
}

/// What is to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurchaseBody {
    /// The order.
    pub(crate) order: OrderBody,
    /// The most that it may cost; without it, the price of this moment. It is reserved from the token's limit.
    #[serde(default)]
    pub(crate) at_most: Option<Wei>,
}

/// What was bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PurchaseInfo {
    /// The agreement.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// What was paid.
    pub(crate) escrow: Wei,
    /// The accounts of the workers.
    #[schema(value_type = Vec<String>)]
    pub(crate) workers: Vec<Address>,
    /// The last tick in which they may accept.
    pub(crate) accept_until: u64,
    /// The transaction.
    pub(crate) transaction: TransactionInfo,
}

/// A transaction that was mined.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TransactionInfo {
    /// Its hash.
    #[schema(value_type = String)]
    pub(crate) hash: B256,
    /// The number of its block.
    pub(crate) block: u64,
    /// The gas that it used, which the account has paid. Limits do not count it.
    pub(crate) gas: u64,
}

impl From<&Receipt> for TransactionInfo {
    fn from(receipt: &Receipt) -> Self {
        Self { hash: receipt.transaction, block: receipt.block, gas: receipt.gas_used }
    }
}

/// The state of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AgreementState {
    /// Nobody has accepted yet.
    Offered,
    /// A worker has accepted.
    Running,
    /// The agreed time is over, and testers may report.
    Reporting,
    /// Anybody may settle.
    Due,
    /// Everybody is paid.
    Settled,
    /// Nobody accepted in time.
    Void,
    /// A state that this program does not know.
    Unknown,
}

impl From<State> for AgreementState {
    fn from(state: State) -> Self {
        match state {
            State::Offered => Self::Offered,
            State::Running => Self::Running,
            State::Reporting => Self::Reporting,
            State::Due => Self::Due,
            State::Settled => Self::Settled,
            State::Void => Self::Void,
            _ => Self::Unknown,
        }
    }
}

/// An agreement of the account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgreementInfo {
    /// Its address.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// Its state.
    pub(crate) state: AgreementState,
    /// Its application.
    pub(crate) application: String,
    /// Ticks that were bought.
    pub(crate) length: u32,
    /// Its number of windows.
    pub(crate) windows: u8,
    /// The testers of each window.
    pub(crate) testers: u8,
    /// What was paid.
    pub(crate) escrow: Wei,
    /// What it still has.
    pub(crate) balance: Wei,
    /// The tick of the purchase.
    pub(crate) purchased: u64,
    /// The last tick in which workers may accept.
    pub(crate) accept_until: u64,
    /// The first tick after it; `null` before the first worker has accepted.
    pub(crate) end: Option<u64>,
    /// Its workers.
    pub(crate) workers: Vec<WorkerInfo>,
}

/// A worker of an agreement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WorkerInfo {
    /// Its account.
    #[schema(value_type = String)]
    pub(crate) account: Address,
    /// Its price for a tick.
    pub(crate) price: Wei,
    /// Whether it has accepted.
    pub(crate) accepted: bool,
    /// Whether it has resigned.
    pub(crate) resigned: bool,
}

/// Agreements of the account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgreementList {
    /// The agreements, in no particular order.
    pub(crate) agreements: Vec<AgreementInfo>,
}

/// An agreement that was ended early.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CancelInfo {
    /// Its address.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// How many windows remain to be paid, from the first on.
    pub(crate) windows: u8,
    /// The tick in which it ends now.
    pub(crate) end: u64,
    /// The transaction.
    pub(crate) transaction: TransactionInfo,
}

/// An agreement that was settled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SettlementInfo {
    /// Its address.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// The part of the escrow that the account gets back, as credit.
    pub(crate) refund: Wei,
    /// The part of the workers' bonds that the account gets, as credit.
    pub(crate) compensation: Wei,
    /// The part of the workers' bonds that nobody gets.
    pub(crate) burned: Wei,
    /// The transaction.
    pub(crate) transaction: TransactionInfo,
}

/// A credit that was withdrawn.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalInfo {
    /// The account that was paid: the one that the operator named, or the account itself.
    #[schema(value_type = String)]
    pub(crate) to: Address,
    /// The amount.
    pub(crate) amount: Wei,
    /// The transaction.
    pub(crate) transaction: TransactionInfo,
}

/// A request without a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoBody {}

#[cfg(test)]
mod tests {
    use muster_client::state_text;

    use super::*;

    #[test]
    fn states_have_the_names_of_the_command_line() {
        for state in [
            State::Offered,
            State::Running,
            State::Reporting,
            State::Due,
            State::Settled,
            State::Void,
        ] {
            let name = serde_json::to_value(AgreementState::from(state)).unwrap();
            assert_eq!(name, state_text(state));
        }
    }

    #[test]
    fn an_order_has_defaults_and_no_other_fields() {
        let order: OrderBody = serde_json::from_str("{}").unwrap();
        let terms = OrderTerms::try_from(order).unwrap();
        assert_eq!(terms, OrderTerms { redundancy: 1, ..OrderTerms::default() });
        assert!(serde_json::from_str::<OrderBody>(r#"{"duration": 3}"#).is_err());
        let order: OrderBody = serde_json::from_str(r#"{"application": "too-long-"}"#).unwrap();
        assert!(OrderTerms::try_from(order).is_err());
    }
}
