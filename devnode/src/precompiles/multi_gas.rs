//! Constraints on several resources of gas: set by an owner of the chain, read by anyone.

use super::{
    abi::{
        ArbGasInfo::{getMultiGasBaseFeeCall, getMultiGasPricingConstraintsCall},
        ArbOwner::{MultiGasConstraint, ResourceWeight},
    },
    call::{CallError, CallResult, PrecompileCall},
    gas::STORAGE_READ_GAS,
};
use crate::state::{
    multi_gas::{self, Constraint, RESOURCES},
    settings::Setting,
};

/// Words of the fees of all resources.
const RESOURCE_WORDS: u64 = 9;

/// Sets the constraints.
pub(super) fn set(
    call: &mut PrecompileCall<'_>,
    constraints: &[MultiGasConstraint],
) -> Result<(), CallError> {
    let constraints: Option<Vec<_>> = constraints.iter().map(decode).collect();
    match constraints.filter(|constraints| !multi_gas::exceed_maximum(constraints)) {
        Some(constraints) => {
            multi_gas::save(call, &constraints);
            Ok(())
        }
        None => Err(CallError::EmptyRevert),
    }
}

/// Checks and decodes a constraint.
fn decode(encoded: &MultiGasConstraint) -> Option<Constraint> {
    let MultiGasConstraint { ref resources, window, target, backlog } = *encoded;
    let mut weights = [0; RESOURCES];
    for &ResourceWeight { resource, weight } in resources {
        // Resource 0 is the unknown one.
        *weights.get_mut(usize::from(resource)).filter(|_| resource > 0)? = weight;
    }
    (target > 0 && window > 0).then_some(Constraint { target, window, backlog, weights })
}

/// Reads the constraints.
pub(super) fn read(call: &mut PrecompileCall<'_>) -> CallResult {
    let encode = |constraint: Constraint| {
        let resources = (0..).zip(constraint.weights).filter(|(_, weight)| *weight > 0);
        MultiGasConstraint {
            resources: resources
                .map(|(resource, weight)| ResourceWeight { resource, weight })
                .collect(),
            window: constraint.window,
            target: constraint.target,
            backlog: constraint.backlog,
        }
    };
    let constraints = multi_gas::load(call).into_iter().map(encode).collect();
    call.encode_return::<getMultiGasPricingConstraintsCall>(&constraints)
}

/// Reads the fee of each resource: the base fee, because constraints have no effect here.
pub(super) fn read_fees(call: &mut PrecompileCall<'_>) -> CallResult {
    // Nitro reads a word for each resource, too.
    call.burn(STORAGE_READ_GAS.saturating_mul(RESOURCE_WORDS));
    let fees = vec![Setting::BaseFee.get(call); RESOURCES];
    call.encode_return::<getMultiGasBaseFeeCall>(&fees)
}
