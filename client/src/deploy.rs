//! Putting Stylus programs, and whole markets, on a chain.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{SolCall, SolError, SolValue};
use muster_protocol::abi::IWorkerDispatcher::{BadSetting, IWorkerDispatcherErrors};
use muster_protocol::abi::Settings;
use muster_protocol::settings;

use crate::arbitrum::{
    ARB_WASM, ARB_WASM_CACHE, ArbWasm, ArbWasmCache, DEPLOYER,
    StylusDeployer::{ContractDeployed, ContractInitializationError, deployCall},
};
use crate::backend::{AccountOverride, CallEnv, Receipt};
use crate::error::{Contract, MarketError, NodeError, RevertReason};
use crate::node::Node;
use crate::program::Program;

/// Selector of every Stylus constructor.
const CONSTRUCTOR_SELECTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// A program that is on chain, active, and constructed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where it is.
    pub address: Address,
    /// Gas of all transactions that it took.
    pub gas_used: u64,
    /// Whether the chain keeps it in its cache, which makes every call cheaper.
    pub cached: bool,
}

/// A market that was deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketDeployment {
    /// The implementation behind every agreement.
    pub agreement: Deployment,
    /// The market's contract.
    pub dispatcher: Deployment,
}

impl Node {
    /// Deploys a market: the agreement's implementation, then the dispatcher that makes agreements of it.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `BadSetting` before anything is paid; otherwise as for
    /// [`Node::deploy`].
    pub async fn deploy_market(
        &self,
        agreement: &Program,
        dispatcher: &Program,
        settings: &Settings,
    ) -> Result<MarketDeployment, MarketError> {
        if let Err(index) = settings::check(settings) {
            let error = IWorkerDispatcherErrors::BadSetting(BadSetting { index });
            return Err(MarketError::Refused(RevertReason::Dispatcher(error)));
        }
        let agreement = self.deploy(agreement, None).await?;
        let arguments = (*settings, agreement.address).abi_encode_params();
        let dispatcher = self.deploy(dispatcher, Some(arguments.into())).await?;
        Ok(MarketDeployment { agreement, dispatcher })
    }

    /// Deploys a program, activates it, and calls its constructor with these ABI-encoded arguments if it
    /// has one: in one transaction where the chain has a deployer for that, else one after the other.
    /// Where the account may, the program is also put into the chain's cache.
    ///
    /// # Errors
    /// [`MarketError::Node`] with the node's words if the program cannot be activated;
    /// [`MarketError::Refused`] with the constructor's reason; otherwise as for every call that sends.
    pub async fn deploy(
        &self,
        program: &Program,
        constructor: Option<Bytes>,
    ) -> Result<Deployment, MarketError> {
        let init =
            constructor.map(|args| Bytes::from([&CONSTRUCTOR_SELECTOR, args.as_ref()].concat()));
        let init = init.unwrap_or_default();
        let fee = self.activation_fee(program).await?;
        let (address, mut gas_used) = if self.code(DEPLOYER).await?.is_empty() {
            self.deploy_by_steps(program, init, fee).await?
        } else {
            self.deploy_at_once(program, init, fee.unwrap_or(0)).await?
        };
        let cached = match self.cache(program.code_hash(), address).await? {
            CacheOutcome::Already => true,
            CacheOutcome::Now(receipt) => {
                gas_used = gas_used.saturating_add(receipt.gas_used);
                true
            }
            CacheOutcome::NotAllowed => false,
        };
        Ok(Deployment { address, gas_used, cached })
    }

    /// Creates, activates and constructs in one transaction; the address and the gas.
    async fn deploy_at_once(
        &self,
        program: &Program,
        init: Bytes,
        fee: u128,
    ) -> Result<(Address, u64), MarketError> {
        let call = deployCall {
            bytecode: program.init_code(),
            initData: init,
            initValue: U256::ZERO,
            salt: B256::ZERO,
        };
        let receipt = self.write(Contract::Other(DEPLOYER), &call, fee).await;
        let receipt = receipt.map_err(constructor_error)?;
        let event = receipt.event::<ContractDeployed>(DEPLOYER);
        let event = event.ok_or(MarketError::EventMissing("ContractDeployed"))?;
        Ok((event.deployedContract, receipt.gas_used))
    }

    /// Creates, activates and constructs one after the other; the address and the gas.
    async fn deploy_by_steps(
        &self,
        program: &Program,
        init: Bytes,
        fee: Option<u128>,
    ) -> Result<(Address, u64), MarketError> {
        let created = self.create(program.init_code()).await?;
        let address = created.created.ok_or(MarketError::EventMissing("contract creation"))?;
        let mut gas_used = created.gas_used;
        if let Some(fee) = fee {
            let call = ArbWasm::activateProgramCall { program: address };
            let receipt = self.write(Contract::Other(ARB_WASM), &call, fee).await?;
            gas_used = gas_used.saturating_add(receipt.gas_used);
        }
        if !init.is_empty() {
            let receipt = self.submit(Contract::Dispatcher(address), init, 0).await?.1;
            gas_used = gas_used.saturating_add(receipt.gas_used);
        }
        Ok((address, gas_used))
    }

    /// The wei to send for activating a program, a fifth more than it would cost now; `None` if the
    /// chain has it active already, from whatever address.
    async fn activation_fee(&self, program: &Program) -> Result<Option<u128>, MarketError> {
        let wasm = Contract::Other(ARB_WASM);
        let active = ArbWasm::codehashVersionCall { codehash: program.code_hash() };
        match self.read(wasm, &active).await {
            Ok(_) => return Ok(None),
            Err(MarketError::Reverted { .. }) => {}
            Err(error) => return Err(error),
        }
        // Nobody with endless money activates an account that does not exist: only the fee is real.
        let account = Address::from_word(program.code_hash());
        let code = Some(program.code().clone());
        let balance = Some(U256::MAX);
        let env = CallEnv {
            overrides: vec![AccountOverride {
                account,
                balance,
                code,
                ..AccountOverride::default()
            }],
            ..self.pending_env().await?
        };
        let call = ArbWasm::activateProgramCall { program: account };
        let request = crate::backend::TxRequest {
            from: Some(account),
            to: Some(ARB_WASM),
            data: call.abi_encode().into(),
            value: 1_000_000_000_000_000_000,
        };
        let answer =
            self.call_contract_with::<ArbWasm::activateProgramCall>(wasm, &request, &env).await?;
        let fee = u128::try_from(answer.dataFee).unwrap_or(u128::MAX);
        Ok(Some(fee.saturating_add(fee.div_ceil(5))))
    }

    /// Puts a program into the chain's cache if the account may.
    async fn cache(&self, codehash: B256, program: Address) -> Result<CacheOutcome, MarketError> {
        let cache = Contract::Other(ARB_WASM_CACHE);
        if self.read(cache, &ArbWasmCache::codehashIsCachedCall { codehash }).await? {
            return Ok(CacheOutcome::Already);
        }
        match self.write(cache, &ArbWasmCache::cacheProgramCall { program }, 0).await {
            Ok(receipt) => Ok(CacheOutcome::Now(receipt)),
            Err(MarketError::Reverted { .. } | MarketError::Node(NodeError::Rpc { .. })) => {
                Ok(CacheOutcome::NotAllowed)
            }
            Err(error) => Err(error),
        }
    }
}

/// A refusal of the deployer, or of the constructor that it called, which speaks for itself.
fn constructor_error(error: MarketError) -> MarketError {
    let MarketError::Reverted { data, .. } = &error else { return error };
    match ContractInitializationError::abi_decode(data) {
        Ok(refused) => Contract::Dispatcher(refused.newContract).decode_revert(refused.error),
        Err(_) => error,
    }
}

/// What became of putting a program into the cache.
enum CacheOutcome {
    /// It was there.
    Already,
    /// This transaction did it.
    Now(Receipt),
    /// The account may not.
    NotAllowed,
}
