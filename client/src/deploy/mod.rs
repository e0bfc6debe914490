//! Deploying Stylus programs, and whole markets. Behind the feature `deploy`.

mod bindings;
pub(crate) mod limits;
pub(crate) mod panics;
pub(crate) mod program;
pub(crate) mod program_error;
#[cfg(test)]
mod tests;
mod wasm;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{SolCall, SolError, SolValue};
use muster_protocol::abi::IWorkerDispatcher::{BadSetting, IWorkerDispatcherErrors};
use muster_protocol::abi::Settings;
use muster_protocol::settings;

use self::bindings::StylusDeployer::{ContractDeployed, ContractInitializationError, deployCall};
use self::bindings::{ARB_WASM_CACHE, ArbWasmCache, DEPLOYER};
use self::program::Program;
use crate::backend::{AccountOverride, CallEnv, Receipt, TxRequest};
use crate::error::{Contract, MarketError, NodeError, RevertReason};
use crate::node::Node;
use crate::node::arb_wasm::{ARB_WASM, ArbWasm};

/// The selector of every Stylus constructor.
const CONSTRUCTOR_SELECTOR: [u8; 4] = [0x55, 0x85, 0x25, 0x8d];

/// A program that is created, active and constructed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its address.
    pub address: Address,
    /// The gas of all transactions that it took.
    pub gas_used: u64,
    /// Whether the chain caches it, which makes every call cheaper.
    pub cached: bool,
}

/// A market that was just deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketDeployment {
    /// The implementation behind every agreement.
    pub agreement: Deployment,
    /// The market's contract.
    pub dispatcher: Deployment,
}

impl Node {
    /// Deploys a market: the agreements' implementation, then the dispatcher that creates agreements with it.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     node: muster_client::Node,
    /// #     settings: muster_client::protocol::abi::Settings,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use muster_client::Program;
    ///
    /// let agreement = Program::from_wasm(&std::fs::read("agreement.wasm")?)?;
    /// let dispatcher = Program::from_wasm(&std::fs::read("dispatcher.wasm")?)?;
    /// let market = node.deploy_market(&agreement, &dispatcher, &settings).await?;
    /// println!("dispatcher {}", market.dispatcher.address);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `BadSetting` before anything is sent; those of [`Node::deploy`].
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

    /// Creates a program, activates it, and calls its constructor, if it has one, with these ABI-encoded
    /// arguments: in one transaction if the chain has a deployer contract, otherwise in one each. If the
    /// account may, the program is also put into the chain's cache.
    ///
    /// ```no_run
    /// # async fn example(node: muster_client::Node) -> Result<(), Box<dyn std::error::Error>> {
    /// let program = muster_client::Program::from_wasm(&std::fs::read("program.wasm")?)?;
    /// let deployment = node.deploy(&program, None).await?;
    /// println!("{} for {} gas", deployment.address, deployment.gas_used);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions); [`MarketError::Node`] with the node's
    /// message if the program cannot be activated; [`MarketError::Refused`] with the constructor's error.
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

    /// Creates, activates and constructs in one transaction. Returns the address and the gas.
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

    /// Creates, activates and constructs in one transaction each. Returns the address and the gas.
    async fn deploy_by_steps(
        &self,
        program: &Program,
        init: Bytes,
        fee: Option<u128>,
    ) -> Result<(Address, u64), MarketError> {
        let created = self.sender().create(program.init_code()).await?;
        let address = created.created.ok_or(MarketError::EventMissing("contract creation"))?;
        let mut gas_used = created.gas_used;
        if let Some(fee) = fee {
            let call = ArbWasm::activateProgramCall { program: address };
            let receipt = self.write(Contract::Other(ARB_WASM), &call, fee).await?;
            gas_used = gas_used.saturating_add(receipt.gas_used);
        }
        if !init.is_empty() {
            let receipt = self.sender().send_data(Contract::Dispatcher(address), init, 0).await?.1;
            gas_used = gas_used.saturating_add(receipt.gas_used);
        }
        Ok((address, gas_used))
    }

    /// The wei to send for an activation, a fifth more than the fee now; `None` if the program is active
    /// already, whatever its address.
    async fn activation_fee(&self, program: &Program) -> Result<Option<u128>, MarketError> {
        let wasm = Contract::Other(ARB_WASM);
        let active = ArbWasm::codehashVersionCall { codehash: program.code_hash() };
        match self.read(wasm, &active).await {
            Ok(_) => return Ok(None),
            Err(MarketError::Reverted { .. }) => {}
            Err(error) => return Err(error),
        }
        // Simulate the activation of an account that does not exist, with any balance: only the fee is real.
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
            ..self.chain().pending_env(&self.chain().head().await?)
        };
        let call = ArbWasm::activateProgramCall { program: account };
        let request = TxRequest {
            from: Some(account),
            to: Some(ARB_WASM),
            data: call.abi_encode().into(),
            value: 1_000_000_000_000_000_000,
        };
        let answer =
            self.chain().call_in::<ArbWasm::activateProgramCall>(wasm, &request, &env).await?;
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

/// The error of a call to the deployer: that of the constructor, if the constructor reverted.
fn constructor_error(error: MarketError) -> MarketError {
    let MarketError::Reverted { data, .. } = &error else { return error };
    match ContractInitializationError::abi_decode(data) {
        Ok(refused) => Contract::Dispatcher(refused.newContract).decode_revert(refused.error),
        Err(_) => error,
    }
}

/// The result of putting a program into the cache.
enum CacheOutcome {
    /// It was in the cache already.
    Already,
    /// This transaction put it there.
    Now(Receipt),
    /// The account may not.
    NotAllowed,
}
