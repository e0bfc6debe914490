//! Deployment of programs through `StylusDeployer`, as cargo-stylus does it.

use std::fmt::Display;

use alloy::{
    primitives::{B256, Bytes, U256, hex},
    sol,
    sol_types::{SolCall, SolError, SolEvent},
};

use stylus_engine::Params;

use super::{
    AbiError, Address, CallError, Contract, DeployError, Requests,
    abi::Signature,
    code::{ProgramCode, init_code},
};
use crate::{DEV_ADDRESS, exec::MAX_CODE, state::arbos_version::ArbosVersion};

/// The address of `StylusDeployer`.
const DEPLOYER: Address = Address(hex!("cEcba2F1DC234f70Dd89F2041029807F8D03A990"));

/// First bytes of the call of a constructor.
const CONSTRUCTOR_SELECTOR: [u8; 4] = hex!("5585258d");

/// What is sent for the fee of an activation, in wei; the rest comes back.
const ACTIVATION_FUNDS: u128 = 1_000_000_000_000_000_000;

sol! {
    interface StylusDeployer {
        event ContractDeployed(address deployedContract);
        error ContractInitializationError(address newContract, bytes error);
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
    }
}

/// The call of a program's constructor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constructor {
    /// Its encoded arguments; `None` if the program has no constructor.
    arguments: Option<Vec<u8>>,
    /// Ether that it gets, in wei.
    value: u128,
}

impl Constructor {
    /// That of a program without a constructor.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A constructor with arguments as text, in the form of [`Contract::send`]'s. The signature is such
    /// as `constructor(uint256,address)`.
    ///
    /// # Errors
    /// If the signature is malformed, or if the arguments do not fit it.
    pub fn new(signature: &str, arguments: &[&dyn Display]) -> Result<Self, AbiError> {
        Ok(Self::encoded(Signature::parse(signature)?.encode(arguments)?))
    }

    /// A constructor with arguments that are encoded already.
    #[must_use]
    pub const fn encoded(arguments: Vec<u8>) -> Self {
        Self { arguments: Some(arguments), value: 0 }
    }

    /// The same with ether, in wei.
    #[must_use]
    pub fn with_value(self, value: u128) -> Self {
        Self { value, ..self }
    }
}

/// Deploys a program as the dev account.
///
/// # Errors
/// See [`DeployError`].
pub(crate) async fn deploy(
    requests: Requests,
    arbos: ArbosVersion,
    wasm: &[u8],
    constructor: Constructor,
) -> Result<Contract, DeployError> {
    let program = ProgramCode::new(wasm)?;
    let from = Address(DEV_ADDRESS.into());
    let code = if let Some(code) = program.whole() {
        code
    } else {
        let fragments = deploy_fragments(&requests, from, arbos, &program).await?;
        program.root(&fragments)
    };
    let Constructor { arguments, value } = constructor;
    let init = arguments.map(|arguments| [&CONSTRUCTOR_SELECTOR, arguments.as_slice()].concat());
    let call = StylusDeployer::deployCall {
        bytecode: init_code(&code).into(),
        initData: Bytes::from(init.unwrap_or_default()),
        initValue: U256::from(value),
        salt: B256::ZERO,
    };
    let funds = ACTIVATION_FUNDS.saturating_add(value);
    let data = hex::encode_prefixed(call.abi_encode());
    let (receipt, _) =
        requests.send(from, Some(DEPLOYER), funds, data).await.map_err(constructor_error)?;
    let deployed = receipt.logs.iter().filter(|log| log.address == DEPLOYER).find_map(|log| {
        StylusDeployer::ContractDeployed::decode_raw_log(
            log.topics.iter().map(B256::from),
            &log.data,
        )
        .ok()
    });
    let address = deployed.ok_or_else(|| CallError::Reverted {
        data: Vec::new(),
        message: "StylusDeployer reported no contract".to_owned(),
    })?;
    Ok(Contract::new(Address(address.deployedContract.into()), requests))
}

/// Creates the fragments of a program that is too large for one account; returns their addresses.
async fn deploy_fragments(
    requests: &Requests,
    from: Address,
    arbos: ArbosVersion,
    program: &ProgramCode,
) -> Result<Vec<Address>, DeployError> {
    let codes: Vec<_> = program.fragments().collect();
    let most = usize::from(Params::new(arbos.stylus()).max_fragments);
    if codes.len() > most {
        return Err(DeployError::TooLarge {
            size: program.size(),
            limit: MAX_CODE.saturating_mul(most.max(1)),
            arbos: arbos.number(),
        });
    }
    let mut addresses = Vec::new();
    for code in codes {
        let data = hex::encode_prefixed(init_code(&code));
        let (_, created) = requests.send(from, None, 0, data).await?;
        addresses.extend(created);
    }
    Ok(addresses)
}

/// The error of a call of the deployer: that of the constructor, if the constructor reverted.
fn constructor_error(error: CallError) -> DeployError {
    if let CallError::Reverted { data, .. } = &error
        && let Ok(refused) = StylusDeployer::ContractInitializationError::abi_decode(data)
    {
        let contract = Address(refused.newContract.into());
        return DeployError::Constructor { contract, data: refused.error.into() };
    }
    error.into()
}
