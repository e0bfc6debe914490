//! An agreement that is there already.

use alloy::primitives::Address;
use muster_client::Application;

use super::error::HireError;
use super::request::{HireRequest, Hired};
use crate::client::running_agreement::{RunningAgreement, running_agreements};
use crate::context::DaemonContext;

/// Whether a running agreement can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// It is for this already, whatever it has.
    Ours,
    /// It can be used if it has enough workers.
    Free,
    /// It is for something else.
    Taken,
}

/// What there is without a purchase.
#[derive(Clone, Debug)]
pub enum Found {
    /// The agreement that was named.
    Named(Hired),
    /// An agreement that runs.
    Running {
        /// The agreement.
        hired: Hired,
        /// The tick in which it ends.
        end: u64,
    },
    /// None.
    Nothing {
        /// The name of the purchase that is to be made.
        name: String,
        /// The agreements that run and have too few workers.
        too_small: Vec<RunningAgreement>,
    },
}

/// The agreement that is named, or one that runs and fits.
///
/// # Errors
/// [`HireError::NotForJobs`]; those of the market.
pub async fn find_agreement(
    context: &DaemonContext,
    request: &HireRequest,
    fitness: impl Fn(Address) -> Fitness,
) -> Result<Found, HireError> {
    if let Some(address) = request.agreement {
        let agreement = context.market().agreement(address).await?;
        let header = &agreement.terms().header;
        if header.application != Application::WASM1.0 {
            return Err(HireError::NotForJobs(address));
        }
        return Ok(Found::Named(request.hired(address, header.redundancy)));
    }
    let (running, name) =
        running_agreements(context, Application::WASM1, request.first_block).await?;
    let ours = running.iter().find(|running| fitness(running.address) == Fitness::Ours);
    let is_free = |running: &&RunningAgreement| fitness(running.address) == Fitness::Free;
    let is_enough = |running: &&RunningAgreement| running.workers >= request.wanted();
    let found = ours.or_else(|| running.iter().filter(is_free).find(is_enough));
    Ok(match found {
        Some(RunningAgreement { address, workers, end }) => {
            Found::Running { hired: request.hired(*address, *workers), end: *end }
        }
        None => {
            Found::Nothing { name, too_small: running.iter().filter(is_free).copied().collect() }
        }
    })
}
