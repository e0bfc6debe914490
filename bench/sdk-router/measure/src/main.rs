//! Deploys both ledgers on an embedded dev chain, checks that they behave alike, and prints sizes and gas as Markdown
//! tables. The arguments are the compiled modules: with the SDK, then with muster-contract-kit.

use std::error::Error;

use ICreditLedger::{creditCall, depositCall, withdrawCall};
use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, Bytes, U256, address};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::sol;
use alloy::sol_types::SolCall;
use muster_client::Program;
use stylus_devnode::{Config, Devnode};

sol! {
    interface ICreditLedger {
        function credit(address account) external view returns (uint128);
        function deposit() external payable;
        function withdraw(address to) external returns (uint128);
    }

    interface Precompiles {
        function activateProgram(address program) external payable returns (uint16, uint256);
        function cacheProgram(address program) external;
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function arbOSVersion() external view returns (uint256);
    }
}

/// `ArbSys`.
const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");
/// `ArbWasm`.
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");
/// `ArbWasmCache`.
const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A dev chain, and the account that deploys.
struct Chain {
    provider: RootProvider,
    owner: Address,
}

impl Chain {
    /// Sends a transaction, which must succeed.
    async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        value: u64,
        data: Vec<u8>,
    ) -> Result<TransactionReceipt> {
        let mut request = TransactionRequest::default().with_from(from).with_input(data);
        request.set_value(U256::from(value));
        match to {
            Some(to) => request.set_to(to),
            None => request.set_create(),
        }
        let receipt = self.provider.send_transaction(request).await?.get_receipt().await?;
        if receipt.status() { Ok(receipt) } else { Err("a transaction reverted".into()) }
    }

    /// Calls a function without a transaction; the outcome as text, so that two contracts compare.
    async fn call(&self, from: Address, to: Address, value: u64, data: Bytes) -> String {
        let request = TransactionRequest::default().with_from(from).with_to(to);
        let request = request.with_value(U256::from(value)).with_input(data);
        match self.provider.call(request).await {
            Ok(output) => output.to_string(),
            Err(error) => error.as_error_resp().map_or_else(
                || error.to_string(),
                |response| format!("reverted: {:?}", response.as_revert_data()),
            ),
        }
    }

    /// Calls a view that must succeed.
    async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        Ok(C::abi_decode_returns(&self.provider.call(request).await?)?)
    }

    /// Deploys and activates a program. It is not cached.
    async fn deploy(&self, program: &Program) -> Result<Address> {
        let receipt = self.send(self.owner, None, 0, program.init_code().to_vec()).await?;
        let account = receipt.contract_address.ok_or("nothing was created")?;
        let call = Precompiles::activateProgramCall { program: account };
        self.send(self.owner, Some(ARB_WASM), 1_000_000_000_000_000_000, call.abi_encode()).await?;
        Ok(account)
    }

    /// Gas of the transactions of one account that deposits twice, reads and withdraws.
    async fn gas(&self, ledger: Address, user: Address) -> Result<Vec<u64>> {
        let steps = [
            (1_000, depositCall {}.abi_encode()),
            (1_000, depositCall {}.abi_encode()),
            (0, creditCall { account: user }.abi_encode()),
            (0, withdrawCall { to: user }.abi_encode()),
        ];
        let mut gas = Vec::new();
        for (value, data) in steps {
            gas.push(self.send(user, Some(ledger), value, data).await?.gas_used);
        }
        Ok(gas)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let modules: Vec<String> = std::env::args().skip(1).collect();
    let programs = modules.iter().map(|file| Ok(Program::from_wasm(&std::fs::read(file)?)?));
    let programs = programs.collect::<Result<Vec<_>>>()?;
    let node = Devnode::start(Config::any_port()).await?;
    let mut users = node.accounts().iter().map(|account| account.address);
    let owner = users.next().ok_or("the dev chain has no account")?;
    let chain = Chain { provider: node.provider(), owner };

    let (mut ledgers, mut columns) = (Vec::new(), Vec::new());
    for program in &programs {
        let ledger = chain.deploy(program).await?;
        let (raw, rewritten) = program.wasm_sizes();
        let init = Precompiles::programInitGasCall { program: ledger };
        let init = chain.view(ARB_WASM, &init).await?;
        let mut column =
            [raw, rewritten, program.code().len(), program.data_size()].map(|n| n as u64).to_vec();
        column.extend([init.gas, init.gasWhenCached]);
        let uncached = chain.gas(ledger, users.next().ok_or("too few accounts")?).await?;
        let call = Precompiles::cacheProgramCall { program: ledger };
        chain.send(owner, Some(ARB_WASM_CACHE), 0, call.abi_encode()).await?;
        let cached = chain.gas(ledger, users.next().ok_or("too few accounts")?).await?;
        column.extend([uncached, cached].concat());
        ledgers.push(ledger);
        columns.push(column);
    }

    // Both ledgers must do the same, also where they revert.
    let user = users.next().ok_or("too few accounts")?;
    let calls = [
        (0, creditCall { account: user }.abi_encode()),
        (0, withdrawCall { to: user }.abi_encode()),
        (5, depositCall {}.abi_encode()),
    ];
    for (value, data) in calls {
        let mut outcomes = Vec::new();
        for ledger in &ledgers {
            outcomes.push(chain.call(user, *ledger, value, data.clone().into()).await);
        }
        if outcomes.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!("the ledgers differ: {outcomes:?}").into());
        }
    }

    let version = chain.view(ARB_SYS, &Precompiles::arbOSVersionCall {}).await? - U256::from(55);
    let rows = [
        "module as compiled, bytes",
        "module without custom sections, bytes",
        "code on chain (brotli 11), bytes",
        "data segments, bytes",
        "`programInitGas`, not cached",
        "`programInitGas`, cached",
        "first `deposit()`, not cached",
        "second `deposit()`, not cached",
        "`credit(address)`, not cached",
        "`withdraw(address)`, not cached",
        "first `deposit()`, cached",
        "second `deposit()`, cached",
        "`credit(address)`, cached",
        "`withdraw(address)`, cached",
    ];
    println!("ArbOS {version}; gas of whole transactions\n");
    println!("| | SDK | contract-kit | difference |\n| --- | ---: | ---: | ---: |");
    for (row, name) in rows.iter().enumerate() {
        let (sdk, ours) = (columns[0][row], columns[1][row]);
        println!("| {name} | {sdk} | {ours} | {} |", sdk.abs_diff(ours));
    }
    Ok(())
}
