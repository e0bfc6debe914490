//! The interface between a running program and its chain.
//!
//! The engine owns ink, wasm memory, the storage cache and the order of charges. The chain owns
//! accounts, storage, the access list, refunds and nested frames, and implements [`EvmApi`]:
//! [`crate::run()`] takes one for each program call.

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::Profile;

/// Constants of one program call.
#[derive(Clone, Debug, Default)]
pub struct EvmData {
    /// The acting contract, whose storage and balance this frame uses.
    pub address: Address,
    /// The caller; in a delegate call, the caller of the delegating frame.
    pub caller: Address,
    /// Wei sent with the call.
    pub value: U256,
    /// Whether state changes are forbidden.
    pub read_only: bool,
    /// Whether the acting contract is already open in an outer frame (see `msg_reentrant`).
    pub reentrant: bool,
    /// The signer of the transaction.
    pub origin: Address,
    /// Gas price of the transaction in wei, tip included.
    pub gas_price: U256,
    /// Base fee of the block in wei; zero for calls without a gas price.
    pub base_fee: U256,
    /// The block's beneficiary.
    pub coinbase: Address,
    /// The block's gas limit.
    pub gas_limit: u64,
    /// `block.number` as contracts see it: the height of the parent chain.
    pub l1_block: u64,
    /// Unix seconds of the block.
    pub timestamp: u64,
    /// The chain's id.
    pub chain_id: u64,
}

/// Wasm pages of 64 KiB in use across a whole transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Open now. The caller restores the old value when a program call ends.
    pub open: u16,
    /// The maximum that was open so far in this transaction.
    pub ever: u16,
}

/// How a program calls another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubcallKind {
    /// A plain call, with value.
    Call,
    /// Runs the callee's code on this frame's storage, with this frame's caller and value.
    Delegate,
    /// No frame below may change state.
    Static,
}

/// A call that a program makes.
#[derive(Clone, Debug)]
pub struct SubcallRequest {
    /// The kind of call.
    pub kind: SubcallKind,
    /// The account to call.
    pub to: Address,
    /// Wei to send; zero unless `kind` is [`SubcallKind::Call`].
    pub value: U256,
    /// Calldata.
    pub input: Bytes,
    /// Gas left in the frame, before any charge for this call.
    pub gas_left: u64,
    /// The most gas that the program wants to forward.
    pub gas_requested: u64,
}

/// Result of a call or creation.
#[derive(Clone, Debug, Default)]
pub struct SubcallOutcome {
    /// Whether the call succeeded.
    pub success: bool,
    /// Gas to charge to the calling frame, in total.
    pub cost: u64,
    /// Return data or revert data; becomes the frame's return-data buffer.
    pub output: Bytes,
    /// The new account, if a creation succeeded.
    pub created: Option<Address>,
}

/// A contract creation that a program requests.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// Init code; always EVM code.
    pub code: Bytes,
    /// Wei to send.
    pub value: U256,
    /// The salt of CREATE2, or `None` for CREATE.
    pub salt: Option<B256>,
    /// Gas left in the frame, before any charge for this creation.
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

/// A finished host call, as tracers show it. `args` and `outs` have the layout of Nitro's
/// `stylusTracer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostioCall {
    /// The hostio, for example `read_args`; `user_entrypoint` and `user_returned` mark the start
    /// and end of a run.
    pub name: &'static str,
    /// Encoded arguments.
    pub args: Bytes,
    /// Encoded results.
    pub outs: Bytes,
    /// Ink before the first charge.
    pub start_ink: u64,
    /// Ink after the last charge.
    pub end_ink: u64,
}

/// The chain, as one program call sees it.
///
/// Calls arrive one at a time, in program order. All costs are gas from the EVM's own tables; the
/// engine charges them after the method returns, so an implementation must not charge anything
/// itself. State changes belong to the current frame: the caller of [`crate::run()`] reverts them
/// if the run fails. The methods cannot fail beyond what their result says: an implementation with
/// a database error must record it and end the transaction itself.
pub trait EvmApi {
    /// Constants of this call.
    fn evm_data(&self) -> &EvmData;

    /// Reads a storage word of the acting contract. Returns it with the cost of SLOAD (2100 cold,
    /// 100 warm).
    fn load(&mut self, key: B256) -> (B256, u64);

    /// Writes a storage word of the acting contract and returns the cost of SSTORE. The chain
    /// records refunds. Nothing is written on an error.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn store(&mut self, key: B256, value: B256, gas_left: u64) -> Result<u64, StoreError>;

    /// Reads a transient word of the acting contract.
    fn load_transient(&mut self, key: B256) -> B256;

    /// Writes a transient word of the acting contract. Never called in a read-only frame.
    fn store_transient(&mut self, key: B256, value: B256);

    /// Runs a call to its end, including access list, value cost, the 63/64 rule and the stipend.
    /// `cost` in the result is everything that the calling frame pays.
    fn call(&mut self, request: SubcallRequest) -> SubcallOutcome;

    /// Runs a creation to its end. Returns `None` if the creation is rejected before it starts
    /// (read-only frame, or less gas than the base cost), which fails the program.
    fn create(&mut self, request: CreateRequest) -> Option<SubcallOutcome>;

    /// Returns an account's balance and the cost of the access (2600 cold, 100 warm).
    fn balance(&mut self, address: Address) -> (U256, u64);

    /// Returns an account's code and the cost of the access (2600 cold, 100 warm).
    fn code(&mut self, address: Address) -> (Bytes, u64);

    /// Returns an account's code hash (zero if the account does not exist) and the cost of the
    /// access.
    fn code_hash(&mut self, address: Address) -> (B256, u64);

    /// Records a log of the acting contract. Never called in a read-only frame.
    fn log(&mut self, topics: &[B256], data: Bytes);

    /// The transaction's page counters.
    fn pages(&mut self) -> &mut Pages;

    /// Receives text that a program prints with a `console` import.
    fn console(&mut self, text: &str);

    /// Whether the call has used up its wall-clock time, so that the program must stop. Polled
    /// every 2²⁰ operators.
    fn is_timed_out(&mut self) -> bool {
        false
    }

    /// Whether every host call must be reported to [`Self::capture_hostio`].
    fn is_traced(&self) -> bool {
        false
    }

    /// Receives a finished host call, in the order in which they finish. Called only if
    /// [`Self::is_traced`].
    fn capture_hostio(&mut self, _call: HostioCall) {}

    /// Receives the index of the profile's node for the host call that starts. Called only for modules
    /// of [`crate::profiled()`].
    fn capture_profile_node(&mut self, _node: usize) {}

    /// Receives the profile of a run that has ended. Called only for modules of
    /// [`crate::profiled()`].
    fn capture_profile(&mut self, _profile: Profile) {}
}
