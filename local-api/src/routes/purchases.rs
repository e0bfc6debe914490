//! Quotes and purchases.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use muster_client::protocol::abi::{Quote, Reason};
use muster_client::{Market, MarketError};
use muster_daemons::client::{OrderTerms, PriceParts, PurchasePlan};

use crate::failure::{ApiError, Failure};
use crate::once::once;
use crate::post::Post;
use crate::right::Right;
use crate::shared::Shared;
use crate::wei::Wei;
use crate::wire::{OrderBody, PurchaseBody, PurchaseInfo, QuoteInfo};

/// The price of an order, and the workers that it would buy now. Right: `read`.
#[utoipa::path(
    post,
    path = "/v1/quotes",
    request_body = OrderBody,
    responses((status = 200, body = QuoteInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn quote(
    State(shared): State<Arc<Shared>>,
    post: Post<OrderBody>,
) -> Result<Json<QuoteInfo>, Failure> {
    post.caller.require(Right::Read)?;
    let market = shared.context.market();
    let plan = plan(market, post.body).await?;
    let quote = quote_of(market, &plan).await?;
    let parts = PriceParts::of(market, &quote, plan.length()).await?;
    Ok(Json(QuoteInfo {
        price: Wei(quote.price),
        work: parts.map(|parts| Wei(parts.work)),
        tester_fees: parts.map(|parts| Wei(parts.fees)),
        length: plan.length(),
        windows: quote.windows,
        testers: quote.testers,
        start: quote.start,
        workers: quote.workers,
    }))
}

/// Buys an agreement, within the token's limit. Right: `buy`.
#[utoipa::path(
    post,
    path = "/v1/purchases",
    request_body = PurchaseBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the purchase once, also over a restart of the daemon")),
    responses((status = 201, body = PurchaseInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn buy(
    State(shared): State<Arc<Shared>>,
    post: Post<PurchaseBody>,
) -> Result<Response, Failure> {
    post.caller.require(Right::Buy)?;
    once(&shared, post, StatusCode::CREATED, |shared, request, post| async move {
        let (market, limit) = (shared.context.market(), post.caller.0.limit);
        let PurchaseBody { order, at_most } = post.body;
        let _purchases = shared.purchases.lock().await;
        let purchase = if let Some(made) = shared.made_before(&request).await? {
            made
        } else {
            let plan = plan(market, order).await?;
            let at_most = match at_most {
                Some(Wei(most)) => most,
                None => quote_of(market, &plan).await?.price,
            };
            let buy = async |market: &Market| Ok(plan.buy(market, at_most).await?);
            shared.buy(&request, limit, at_most, buy).await?
        };
        let agreement = market.agreement(purchase.agreement).await?;
        let accept_until = agreement.times(&agreement.progress().await?).last_accept();
        Ok(PurchaseInfo {
            agreement: purchase.agreement,
            escrow: Wei(purchase.escrow),
            workers: purchase.workers,
            accept_until,
            transaction: (&purchase.receipt).into(),
        })
    })
    .await
}

/// An order in the market's terms.
async fn plan(market: &Market, order: OrderBody) -> Result<PurchasePlan, Failure> {
    let terms = OrderTerms::try_from(order);
    let terms = terms.map_err(Failure::bad_request)?;
    Ok(terms.plan(market).await?)
}

/// The quote of an order that the market would sell.
async fn quote_of(market: &Market, plan: &PurchasePlan) -> Result<Quote, Failure> {
    let quote = plan.quote(market).await?;
    match quote.reason {
        Reason::None => Ok(quote),
        reason => {
            Err(MarketError::PurchaseRefused { reason, required: quote.price, sent: 0 }.into())
        }
    }
}
