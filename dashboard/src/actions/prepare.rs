//! From the fields of a form to a call, and what it does in words.

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::{Clock, Order, Quote};
use muster_client::{
    Application, CancelPreview, Ether, Market, MarketError, OrderRequest, PreparedCall,
};

use super::action::Action;
use crate::error::DashboardError;
use crate::pages::{Words, parse_address, parse_application, parsed, word};
use crate::text;

/// A call, and what it does.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// The call.
    pub(super) call: PreparedCall,
    /// What it does, sentence by sentence.
    pub(super) says: Vec<String>,
}

/// Why there is no call.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A field is wrong.
    Field(DashboardError),
    /// The contract or the node refuses.
    Chain(Box<MarketError>),
}

impl From<DashboardError> for Refusal {
    fn from(error: DashboardError) -> Self {
        Self::Field(error)
    }
}

impl From<MarketError> for Refusal {
    fn from(error: MarketError) -> Self {
        Self::Chain(Box::new(error))
    }
}

/// The address in a field.
fn address(words: &Words, name: &'static str) -> Result<Address, DashboardError> {
    parse_address(word(words, name).unwrap_or(""))
}

/// The amount in a field, in wei.
fn amount(words: &Words, name: &'static str) -> Result<u128, DashboardError> {
    let expected = "it is an amount such as 20gwei or 0.01eth, and less than 2^128 wei";
    let found = parsed::<Ether>(words, name, expected)?.and_then(|amount| amount.wei().ok());
    let value = word(words, name).unwrap_or("").to_owned();
    found.ok_or(DashboardError::Parameter { name, value, expected })
}

/// The number in a field.
fn number<T: std::str::FromStr>(words: &Words, name: &'static str) -> Result<T, DashboardError> {
    let expected = "it is a whole number";
    let value = word(words, name).unwrap_or("").to_owned();
    parsed(words, name, expected)?.ok_or(DashboardError::Parameter { name, value, expected })
}

/// Makes the call of an action, and simulates it.
pub(super) async fn prepare(
    market: &Market,
    action: Action,
    words: &Words,
) -> Result<Prepared, Refusal> {
    let from = address(words, "from")?;
    let (call, says) = match action {
        Action::Buy => return buy(market, from, words).await,
        Action::Cancel => return cancel(market, from, words).await,
        Action::Release | Action::Settle => {
            let agreement = market.agreement(address(words, "agreement")?).await?;
            let number = agreement.terms().header.number;
            if action == Action::Settle {
                let said = format!(
                    "Settles agreement {number}: everybody who has earned something gets it as credit, and the client the rest."
                );
                (agreement.prepare_settle(from).await?, vec![said])
            } else {
                let said = format!("Releases workers of agreement {number}.");
                (agreement.prepare_release(from).await?, vec![said])
            }
        }
        Action::Withdraw => {
            let to = address(words, "to")?;
            let credit = Ether::from(market.credit(from).await?);
            let call = market.prepare_withdraw(from, to).await?;
            let mut says = vec![format!("Pays the whole credit of {from}, now {credit}, to {to}.")];
            if to != from {
                says.push("The receiver is not the account that signs.".to_owned());
            }
            (call, says)
        }
        Action::Price => {
            let price = amount(words, "price")?;
            let before = Ether::from(market.worker(from).await?.price);
            let call = market.prepare_price(from, price).await?;
            let price = Ether::from(price);
            (
                call,
                vec![format!("The price of {from} becomes {price} per tick; it is {before} now.")],
            )
        }
        Action::Availability => {
            let available = match word(words, "available") {
                Some("yes") => true,
                Some("no") => false,
                other => {
                    let (name, expected) = ("available", "it is yes or no");
                    let value = other.unwrap_or("").to_owned();
                    return Err(DashboardError::Parameter { name, value, expected }.into());
                }
            };
            let call = market.prepare_availability(from, available).await?;
            let said = if available {
                format!(
                    "{from} takes new work, and enters its book if it has a free place and enough stake."
                )
            } else {
                format!("{from} takes no new work, and leaves its book.")
            };
            (call, vec![said])
        }
    };
    Ok(Prepared { call, says })
}

/// What the fields of a purchase ask for.
fn order(words: &Words) -> Result<OrderRequest, DashboardError> {
    let (redundancy, length) =
        (number::<u8>(words, "redundancy")?, number::<u32>(words, "length")?);
    let given = ["application", "windows", "testers"].map(|name| word(words, name));
    if given == [None; 3] {
        return Ok(OrderRequest::Default { redundancy, length });
    }
    let application = parse_application(word(words, "application").unwrap_or("0"))?;
    Ok(OrderRequest::Custom(Order {
        application,
        redundancy: U256::from(redundancy),
        length: U256::from(length),
        windows: number(words, "windows")?,
        testers: number(words, "testers")?,
        minScore: 0,
        minUptime: 0,
        expiry: 0,
        start: 0,
    }))
}

/// A purchase.
async fn buy(market: &Market, from: Address, words: &Words) -> Result<Prepared, Refusal> {
    let (request, at_most) = (order(words)?, amount(words, "at_most")?);
    let quote = market.quote(&request).await?;
    let call = market.prepare_buy(from, &request, at_most).await?;
    let Quote { windows, testers, workers, .. } = &quote;
    let unit = match market.settings().clock {
        Clock::Second => "seconds",
        _ => "blocks",
    };
    let application = match request {
        OrderRequest::Default { .. } => Application::default(),
        OrderRequest::Custom(order) => Application(order.application),
    };
    let windows = text::count((*windows).into(), "window", "windows");
    let testers = text::count((*testers).into(), "tester", "testers");
    let number = u64::try_from(workers.len()).unwrap_or(u64::MAX);
    let mut says = vec![
        format!(
            "Pays {} to the market for {} of application {application}, for {} {unit} in {windows} with {testers} each.",
            Ether::from(call.value),
            text::count(number, "worker", "workers"),
            request.length(),
        ),
        "As of now, the workers would be:".to_owned(),
    ];
    says.extend(workers.iter().map(ToString::to_string));
    Ok(Prepared { call, says })
}

/// A cancellation.
async fn cancel(market: &Market, from: Address, words: &Words) -> Result<Prepared, Refusal> {
    let agreement = market.agreement(address(words, "agreement")?).await?;
    let call = agreement.prepare_cancel(from).await?;
    let progress = agreement.progress().await?;
    let open = agreement.open_calls().await?;
    let number = agreement.terms().header.number;
    let mut says = vec![format!("Ends agreement {number} early.")];
    if let Some(preview) = CancelPreview::new(agreement.terms(), &progress, open.tick) {
        let when = |tick: u64| match market.settings().clock {
            Clock::Second => text::time(tick),
            _ => format!("block {tick}"),
        };
        says.push(format!(
            "If it is mined now, it ends at {} instead of {}, and costs at most {} in all.",
            when(preview.end),
            when(preview.planned_end),
            Ether::from(preview.most)
        ));
    }
    Ok(Prepared { call, says })
}
