//! The account's agreements.

use std::sync::Arc;

use alloy::primitives::Address;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures::future::try_join_all;
use muster_client::{Agreement, Application, MarketError};
use muster_daemons::DaemonError;
use muster_daemons::client::own_agreements;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::Caller;
use crate::failure::{ApiError, Failure};
use crate::once::once;
use crate::post::Post;
use crate::right::Right;
use crate::shared::Shared;
use crate::wei::Wei;
use crate::wire::{AgreementInfo, AgreementList, CancelInfo, NoBody, SettlementInfo, WorkerInfo};

/// Which agreements are asked for.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgreementQuery {
    /// Also those in which nothing is left to do.
    #[serde(default)]
    all: bool,
}

/// The account's agreements, whoever bought them. Right: `read`.
#[utoipa::path(
    get,
    path = "/v1/agreements",
    params(AgreementQuery),
    responses((status = 200, body = AgreementList), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    query: Result<Query<AgreementQuery>, QueryRejection>,
) -> Result<Json<AgreementList>, Failure> {
    caller.require(Right::Read)?;
    let Query(query) = query.map_err(Failure::bad_request)?;
    let addresses = own_agreements(&shared.context, shared.first_block, query.all).await?;
    let agreements = addresses.into_iter().map(async |address| {
        match shared.context.market().agreement(address).await {
            // A reorg has taken it back.
            Err(MarketError::NotAnAgreement(_)) => Ok(None),
            agreement => describe(&agreement?).await.map(Some),
        }
    });
    let agreements = try_join_all(agreements).await?.into_iter().flatten().collect();
    Ok(Json(AgreementList { agreements }))
}

/// An agreement of the account. Right: `read`.
#[utoipa::path(
    get,
    path = "/v1/agreements/{agreement}",
    params(("agreement" = String, Path, description = "Its address")),
    responses((status = 200, body = AgreementInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    address: Result<Path<Address>, PathRejection>,
) -> Result<Json<AgreementInfo>, Failure> {
    caller.require(Right::Read)?;
    Ok(Json(describe(&shared.own_agreement(address).await?).await?))
}

/// Ends an agreement early. Right: `cancel`.
#[utoipa::path(
    post,
    path = "/v1/agreements/{agreement}/cancel",
    request_body = NoBody,
    params(
        ("agreement" = String, Path, description = "Its address"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request once")
    ),
    responses((status = 200, body = CancelInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn cancel(
    State(shared): State<Arc<Shared>>,
    address: Result<Path<Address>, PathRejection>,
    post: Post<NoBody>,
) -> Result<Response, Failure> {
    post.caller.require(Right::Cancel)?;
    let agreement = shared.own_agreement(address).await?;
    once(&shared, post, StatusCode::OK, |shared, _, _| async move {
        let _sending = shared.context.sending().await;
        let address = agreement.address();
        let cancelled = agreement.with_purpose(&format!("cancel/{address}")).cancel().await?;
        Ok(CancelInfo {
            agreement: address,
            windows: cancelled.windows,
            end: cancelled.end,
            transaction: (&cancelled.receipt).into(),
        })
    })
    .await
}

/// Settles an agreement that is due. The daemon does so too, after a while. Right: `settle`.
#[utoipa::path(
    post,
    path = "/v1/agreements/{agreement}/settle",
    request_body = NoBody,
    params(
        ("agreement" = String, Path, description = "Its address"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request once")
    ),
    responses((status = 200, body = SettlementInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn settle(
    State(shared): State<Arc<Shared>>,
    address: Result<Path<Address>, PathRejection>,
    post: Post<NoBody>,
) -> Result<Response, Failure> {
    post.caller.require(Right::Settle)?;
    let agreement = shared.own_agreement(address).await?;
    once(&shared, post, StatusCode::OK, |shared, _, _| async move {
        let _sending = shared.context.sending().await;
        let address = agreement.address();
        let settled = agreement.with_purpose(&format!("settle/{address}")).settle().await?;
        Ok(SettlementInfo {
            agreement: address,
            refund: Wei(settled.refund),
            compensation: Wei(settled.compensation),
            burned: Wei(settled.burned),
            transaction: (&settled.receipt).into(),
        })
    })
    .await
}

impl Shared {
    /// An agreement that the account has bought.
    ///
    /// # Errors
    /// [`Failure::bad_request`] for a path that names none; [`NoAgreement`](crate::failure::ErrorCode::NoAgreement).
    pub(crate) async fn own_agreement(
        &self,
        address: Result<Path<Address>, PathRejection>,
    ) -> Result<Agreement, Failure> {
        let expected = "the path names no agreement: expected 0x and 40 hexadecimal digits";
        let Path(address) = address.map_err(|_| Failure::bad_request(expected))?;
        let (agreement, account) =
            (self.context.market().agreement(address).await?, self.context.account());
        if agreement.terms().header.client != account {
            return Err(DaemonError::NotClient { agreement: address, account }.into());
        }
        Ok(agreement)
    }
}

/// What is told of an agreement.
async fn describe(agreement: &Agreement) -> Result<AgreementInfo, Failure> {
    let (progress, state) = (agreement.progress().await?, agreement.state().await?);
    let balance = agreement.market().node().balance(agreement.address()).await?;
    let (times, header) = (agreement.times(&progress), &agreement.terms().header);
    let workers = (0..).zip(agreement.terms().workers()).map(|(index, worker)| WorkerInfo {
        account: worker.account,
        price: Wei(worker.price),
        accepted: progress.has_accepted(index),
        resigned: progress.has_resigned(index),
    });
    Ok(AgreementInfo {
        agreement: agreement.address(),
        state: state.into(),
        application: Application(header.application).to_string(),
        length: header.length,
        windows: header.windows,
        testers: header.testers,
        escrow: Wei(agreement.escrow()),
        balance: Wei(balance.saturating_to()),
        purchased: header.purchased,
        accept_until: times.last_accept(),
        end: (progress.start() != 0).then(|| times.end()),
        workers: workers.collect(),
    })
}
