//! The dev chain, an own account on it, and deployment.

use std::{env, fmt::Debug, fs, path::Path, sync::Arc, time::Duration};

use ethers::{
    abi::{Abi, Tokenize},
    contract::{ContractError, ContractFactory, EthError, EthLogDecode},
    middleware::SignerMiddleware,
    providers::{Http, Middleware, MiddlewareError, PendingTransaction, Provider},
    signers::{LocalWallet, Signer},
    types::{Address, Bytes, Log, TransactionReceipt, TransactionRequest, U256},
    utils::parse_ether,
};

use crate::{
    bindings::{ArbWasm, Counter, ProgramActivatedFilter, ProgramNotActivated},
    steps::{Outcome, same},
};

/// Chain id of Nitro's dev chains.
const CHAIN_ID: u64 = 412_346;

/// Address of `ArbWasm`.
const ARB_WASM: u64 = 0x71;

/// Interval of polls.
const INTERVAL: Duration = Duration::from_millis(50);

/// A signing client.
pub(crate) type Client = SignerMiddleware<Provider<Http>, LocalWallet>;

/// A chain, and an account with ten ether.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Signs transactions of the account.
    pub(crate) client: Arc<Client>,
}

impl Chain {
    /// Connects, and funds a new account.
    pub(crate) async fn connect() -> Outcome<Self> {
        let provider = Provider::<Http>::try_from(env::var("RPC")?)?.interval(INTERVAL);
        let dev: LocalWallet = env::var("DEV_KEY")?.parse()?;
        let rich = SignerMiddleware::new(provider.clone(), dev.with_chain_id(CHAIN_ID));
        let wallet = LocalWallet::new(&mut ethers::core::rand::thread_rng());
        let client = SignerMiddleware::new(provider, wallet.with_chain_id(CHAIN_ID));
        let chain = Self { client: Arc::new(client) };

        let funds = parse_ether(10)?;
        let payment = TransactionRequest::pay(chain.account(), funds);
        receipt(rich.send_transaction(payment, None).await?).await?;
        same(chain.balance().await?, funds)?;
        Ok(chain)
    }

    /// The account.
    pub(crate) fn account(&self) -> Address {
        self.client.address()
    }

    /// Balance of the account in wei.
    pub(crate) async fn balance(&self) -> Outcome<U256> {
        Ok(self.client.get_balance(self.account(), None).await?)
    }

    /// Checks chain id and client version.
    pub(crate) async fn know(&self) -> Outcome {
        same(self.client.get_chainid().await?, CHAIN_ID.into())?;
        same(self.client.get_gas_price().await?, 100_000_000.into())?;
        same(self.client.get_net_version().await?, CHAIN_ID.to_string())?;
        let version = self.client.client_version().await?;
        same(version.split('/').next(), Some("muster-devnode"))
    }

    /// Deploys the output of `build.mjs` and returns its address.
    pub(crate) async fn deploy(&self, name: &str, arguments: impl Tokenize) -> Outcome<Address> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build").join(name);
        let artifact: serde_json::Value =
            serde_json::from_slice(&fs::read(path.with_extension("json"))?)?;
        let part = |name| artifact.get(name).cloned().ok_or("no such part of the artifact");
        let abi: Abi = serde_json::from_value(part("abi")?)?;
        let code: Bytes = serde_json::from_value(part("bytecode")?)?;
        let factory = ContractFactory::new(abi, code, Arc::clone(&self.client));
        Ok(factory.deploy(arguments)?.send().await?.address())
    }

    /// Checks that a program cannot be called before its activation.
    pub(crate) async fn refuse_inactive(&self, program: Address) -> Outcome {
        let call = self.arb_wasm().program_version(program);
        same(refusal(call.call().await)?, ProgramNotActivated)?;

        let call = Counter::new(program, Arc::clone(&self.client)).number();
        let error = call.call().await.err().ok_or("the program answers")?;
        // For the called program itself the node returns only an error text.
        let answer = error.as_middleware_error().and_then(MiddlewareError::as_error_response);
        let told = answer.map(|answer| (answer.code, answer.message.as_str()));
        same(told, Some((-32_000, "error ProgramNotActivated()")))
    }

    /// Activates a program and checks the fee in the event.
    pub(crate) async fn activate(&self, program: Address) -> Outcome {
        let before = self.balance().await?;
        let call = self.arb_wasm().activate_program(program).value(parse_ether(1)?);
        let receipt = receipt(call.send().await?).await?;
        let event: ProgramActivatedFilter = only(decoded(&receipt)?)?;
        same((event.program, event.version), (program, 3))?;
        same(self.balance().await?, before - fee(&receipt)? - event.data_fee)
    }

    /// `ArbWasm`.
    fn arb_wasm(&self) -> ArbWasm<Client> {
        ArbWasm::new(Address::from_low_u64_be(ARB_WASM), Arc::clone(&self.client))
    }
}

/// The receipt of a transaction, which must succeed.
pub(crate) async fn receipt(pending: PendingTransaction<'_, Http>) -> Outcome<TransactionReceipt> {
    let receipt = pending.await?.ok_or("the transaction is gone")?;
    same(receipt.status, Some(1.into()))?;
    Ok(receipt)
}

/// The custom error of a call, which must fail with it.
pub(crate) fn refusal<E: EthError>(ended: Result<impl Debug, ContractError<Client>>) -> Outcome<E> {
    let error = ended.err().ok_or("the call succeeded")?;
    error.decode_revert().ok_or_else(|| error.into())
}

/// Fee of a transaction in wei.
pub(crate) fn fee(receipt: &TransactionReceipt) -> Outcome<U256> {
    let used = receipt.gas_used.ok_or("no gas in the receipt")?;
    Ok(used * receipt.effective_gas_price.ok_or("no price in the receipt")?)
}

/// The events in a receipt, which must all be of one kind.
pub(crate) fn decoded<E: EthLogDecode>(receipt: &TransactionReceipt) -> Outcome<Vec<E>> {
    let decode = |log: &Log| E::decode_log(&log.clone().into());
    Ok(receipt.logs.iter().map(decode).collect::<Result<_, _>>()?)
}

/// The only element of a list.
pub(crate) fn only<T>(list: Vec<T>) -> Outcome<T> {
    let [element] = <[T; 1]>::try_from(list).map_err(|list| format!("{} elements", list.len()))?;
    Ok(element)
}
