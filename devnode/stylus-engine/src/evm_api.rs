//! What a running program may ask of the chain around it, and what it is told.
//!
//! The engine owns ink, wasm memory, the storage cache and the order of charges; the chain owns
//! accounts, storage, the access list, refunds and nested frames. A [`World`] is the chain as one
//! frame sees it: [`crate::run()`] is given one for each program call.

use alloy_primitives::{Address, B256, Bytes, U256};

/// The fixed facts of one program call.
#[derive(Clone, Debug, Default)]
pub struct EvmData {
    /// The acting contract: whose storage and balance this frame has.
    pub address: Address,
    /// Who called (in a delegate call: the caller of the delegating frame).
    pub caller: Address,
    /// Wei that came with the call.
    pub value: U256,
    /// Whether state may not be changed.
    pub read_only: bool,
    /// Whether the acting contract is already open further out (see `msg_reentrant`).
    pub reentrant: bool,
    /// Who signed the transaction.
    pub origin: Address,
    /// Wei per gas that the transaction offers, tip included.
    pub gas_price: U256,
    /// Wei per gas of the block; zero in calls that name no gas price.
    pub base_fee: U256,
    /// The block's beneficiary.
    pub coinbase: Address,
    /// The block's gas limit.
    pub gas_limit: u64,
    /// `block.number` as contracts see it: the parent chain's height.
    pub l1_block: u64,
    /// Unix seconds of the block.
    pub timestamp: u64,
    /// The chain's id.
    pub chain_id: u64,
}

/// Wasm pages of 64 KiB in use across a whole transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Open now; put back to its old value when a program call ends.
    pub open: u16,
    /// The most that were ever open in this transaction.
    pub ever: u16,
}

/// How a program calls another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubcallKind {
    /// Plain call, with value.
    Call,
    /// The other's code on this frame's storage; caller and value are this frame's.
    Delegate,
    /// Nothing below may change state.
    Static,
}

/// A call that a program makes.
#[derive(Clone, Debug)]
pub struct SubcallRequest {
    /// Which kind of call.
    pub kind: SubcallKind,
    /// The account to call.
    pub to: Address,
    /// Wei to send along; zero unless [`CallKind::Call`].
    pub value: U256,
    /// Calldata.
    pub input: Bytes,
    /// Gas that the frame has left, before anything of this call is charged.
    pub gas_left: u64,
    /// Gas that the program wants to give at most.
    pub gas_requested: u64,
}

/// What became of a call or creation.
#[derive(Clone, Debug, Default)]
pub struct SubcallOutcome {
    /// Whether it succeeded.
    pub success: bool,
    /// Gas to take from the calling frame for all of it.
    pub cost: u64,
    /// Return or revert data; becomes the frame's return-data buffer.
    pub output: Bytes,
    /// The new account, for a creation that succeeded.
    pub created: Option<Address>,
}

/// A contract creation that a program asks for. `salt` makes it CREATE2.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// Init code, always EVM.
    pub code: Bytes,
    /// Wei to send along.
    pub value: U256,
    /// The salt of CREATE2, or `None` for CREATE.
    pub salt: Option<B256>,
    /// Gas that the frame has left, before anything of this creation is charged.
    pub gas_left: u64,
}

/// Why a storage word could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// `gas_left` does not cover the write.
    OutOfGas,
    /// The frame is read-only.
    ReadOnly,
}

/// A host call that ended, as tracers show it; the layout of the bytes is that of `stylusTracer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostioCall {
    /// The hook, for example `read_args`; `user_entrypoint` and `user_returned` frame a run.
    pub name: &'static str,
    /// What went in.
    pub args: Bytes,
    /// What came out.
    pub outs: Bytes,
    /// Ink before the hook's first charge.
    pub start_ink: u64,
    /// Ink after the hook's last charge.
    pub end_ink: u64,
}

/// The chain, as one program call sees it. Costs are gas, by the EVM's own tables.
pub trait EvmApi {
    /// The fixed facts of this call.
    fn evm_data(&self) -> &EvmData;

    /// A storage word of the acting contract, and what SLOAD costs now (2100 cold, 100 warm).
    fn load(&mut self, key: B256) -> (B256, u64);

    /// Writes a storage word of the acting contract; the cost is SSTORE's, refunds are booked by
    /// the chain. Nothing is written on a fault.
    ///
    /// # Errors
    /// See [`StoreFault`].
    fn store(&mut self, key: B256, value: B256, gas_left: u64) -> Result<u64, StoreError>;

    /// A transient word of the acting contract.
    fn load_transient(&mut self, key: B256) -> B256;

    /// Writes a transient word of the acting contract. Never asked in a read-only frame.
    fn store_transient(&mut self, key: B256, value: B256);

    /// Runs a call to its end: access list, value costs, the 63/64 rule and the stipend included;
    /// `cost` is what the calling frame pays in all.
    fn call(&mut self, request: SubcallRequest) -> SubcallOutcome;

    /// Runs a creation to its end. `None`: refused before it began (read-only, or less gas than the
    /// base cost), which fails the program.
    fn create(&mut self, request: CreateRequest) -> Option<SubcallOutcome>;

    /// An account's balance, and the cost of touching it (2600 cold, 100 warm).
    fn balance(&mut self, address: Address) -> (U256, u64);

    /// An account's code, and the cost of touching it (2600 cold, 100 warm).
    fn code(&mut self, address: Address) -> (Bytes, u64);

    /// An account's code hash (zero if there is no account), and the cost of touching it.
    fn code_hash(&mut self, address: Address) -> (B256, u64);

    /// Records a log of the acting contract. Never asked in a read-only frame.
    fn log(&mut self, topics: &[B256], data: Bytes);

    /// The transaction's page counters.
    fn pages(&mut self) -> &mut Pages;

    /// Text that a program printed with a `console` import.
    fn console(&mut self, text: &str);

    /// Whether the time is over that this call may take, so that the program is to be stopped. Asked
    /// again and again while it runs.
    fn is_timed_out(&mut self) -> bool {
        false
    }

    /// Whether this call is traced, so that each host call has to be told to [`World::hook`].
    fn is_traced(&self) -> bool {
        false
    }

    /// A host call that ended, in the order in which they end. Only called when [`World::traced`].
    fn capture_hostio(&mut self, _call: HostioCall) {}
}
