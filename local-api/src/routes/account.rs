//! The account and its credit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::try_join;

use crate::caller::Caller;
use crate::failure::{ApiError, Failure};
use crate::once::{once, today};
use crate::post::Post;
use crate::right::Right;
use crate::shared::Shared;
use crate::wei::Wei;
use crate::wire::{AccountInfo, NoBody, TokenInfo, WithdrawalInfo};

/// The account, and the token that asks. Every token may.
#[utoipa::path(
    get,
    path = "/v1/account",
    responses((status = 200, body = AccountInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn account(
    State(shared): State<Arc<Shared>>,
    Caller(token): Caller,
) -> Result<Json<AccountInfo>, Failure> {
    let (market, account) = (shared.context.market(), shared.context.account());
    let (balance, credit, tick) =
        try_join!(market.node().balance(account), market.credit(account), market.next_tick())?;
    let spending = shared.ledger.spending(token.digest, token.limit, today())?;
    Ok(Json(AccountInfo {
        account,
        market: market.dispatcher(),
        chain_id: market.node().chain_id(),
        tick,
        balance: Wei(balance.saturating_to()),
        credit: Wei(credit),
        token: TokenInfo {
            name: token.name.clone(),
            rights: token.rights.clone(),
            spending,
            left: Wei(spending.left()),
        },
    }))
}

/// Withdraws the account's credit, to where the operator said. Right: `withdraw`.
#[utoipa::path(
    post,
    path = "/v1/withdrawals",
    request_body = NoBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request once")),
    responses((status = 200, body = WithdrawalInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn withdraw(
    State(shared): State<Arc<Shared>>,
    post: Post<NoBody>,
) -> Result<Response, Failure> {
    post.caller.require(Right::Withdraw)?;
    once(&shared, post, StatusCode::OK, |shared, _, _| async move {
        let account = shared.context.account();
        let _sending = shared.context.sending().await;
        let market = shared.context.market_for(&format!("withdraw/{account}"));
        let withdrawal = market.withdraw(shared.payout).await?;
        Ok(WithdrawalInfo {
            to: withdrawal.to,
            amount: Wei(withdrawal.amount),
            transaction: (&withdrawal.receipt).into(),
        })
    })
    .await
}
