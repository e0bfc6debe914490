//! Accounts with code: a small assembler, and a forwarder made with it, which makes the calls that
//! it is given, and has a configured behavior when it receives plain ether.

use alloy::primitives::{Address, Bytes};

/// The instructions of the EVM that are used here.
mod op {
    /// The top minus the second.
    pub(super) const SUB: u8 = 0x03;
    /// The second, shifted right by the top.
    pub(super) const SHR: u8 = 0x1c;
    /// The value of the call.
    pub(super) const CALLVALUE: u8 = 0x34;
    /// A word of calldata.
    pub(super) const CALLDATALOAD: u8 = 0x35;
    /// The size of the calldata.
    pub(super) const CALLDATASIZE: u8 = 0x36;
    /// Copies calldata to memory.
    pub(super) const CALLDATACOPY: u8 = 0x37;
    /// Copies code to memory.
    pub(super) const CODECOPY: u8 = 0x39;
    /// The size of the last return data.
    pub(super) const RETURNDATASIZE: u8 = 0x3d;
    /// Copies the last return data to memory.
    pub(super) const RETURNDATACOPY: u8 = 0x3e;
    /// Stores a word in memory.
    pub(super) const MSTORE: u8 = 0x52;
    /// Jumps if the second is not zero.
    pub(super) const JUMPI: u8 = 0x57;
    /// The remaining gas.
    pub(super) const GAS: u8 = 0x5a;
    /// A valid destination of jumps.
    pub(super) const JUMPDEST: u8 = 0x5b;
    /// Pushes zero; the pushes of 1 to 32 bytes follow.
    pub(super) const PUSH0: u8 = 0x5f;
    /// Copies the top.
    pub(super) const DUP1: u8 = 0x80;
    /// Copies the third.
    pub(super) const DUP3: u8 = 0x82;
    /// Logs with one topic.
    pub(super) const LOG1: u8 = 0xa1;
    /// Calls.
    pub(super) const CALL: u8 = 0xf1;
    /// Returns.
    pub(super) const RETURN: u8 = 0xf3;
    /// Reverts.
    pub(super) const REVERT: u8 = 0xfd;
    /// Fails, and uses all gas.
    pub(super) const INVALID: u8 = 0xfe;
    /// Ends, and sends all wei to the top.
    pub(super) const SELFDESTRUCT: u8 = 0xff;
}

/// What a forwarder does when it receives plain ether.
#[derive(Clone, Debug)]
pub(crate) enum Behavior {
    /// Reverts.
    Reverts,
    /// Uses all gas.
    BurnsGas,
    /// Accepts it, and returns this many bytes.
    Returns(u32),
    /// Reverts with this many bytes.
    RevertsWith(u32),
    /// Accepts it, makes this call, and logs its return data; the topic is 1 if the call succeeded.
    Calls(Address, Vec<u8>),
}

/// Code under construction.
#[derive(Default)]
struct Code(Vec<u8>);

impl Code {
    /// Appends instructions.
    fn ops(mut self, ops: &[u8]) -> Self {
        self.0.extend(ops);
        self
    }

    /// Appends a push of these bytes, at most 32.
    fn push(mut self, bytes: &[u8]) -> Self {
        self.0.push(op::PUSH0 + u8::try_from(bytes.len()).unwrap());
        self.0.extend(bytes);
        self
    }

    /// Appends a push of a number.
    fn number(self, number: u32) -> Self {
        self.push(&number.to_be_bytes())
    }

    /// The offset of the next instruction.
    fn size(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap()
    }

    /// Appends a jump over `code` if the top of the stack is not zero, and `code`.
    fn unless(self, code: &Self) -> Self {
        // The jump is six bytes: a push of four, and itself.
        let behind = self.size() + 6 + code.size();
        self.number(behind).ops(&[op::JUMPI]).ops(&code.0).ops(&[op::JUMPDEST])
    }

    /// Appends code that writes `bytes` to the front of memory.
    fn memory(self, bytes: &[u8]) -> Self {
        bytes.chunks(32).zip((0..).step_by(32)).fold(self, |code, (chunk, at)| {
            let mut word = [0; 32];
            word[..chunk.len()].copy_from_slice(chunk);
            code.push(&word).number(at).ops(&[op::MSTORE])
        })
    }

    /// Appends code that copies the last return data to memory.
    fn copy_returndata(self) -> Self {
        self.ops(&[op::RETURNDATASIZE, op::PUSH0, op::PUSH0, op::RETURNDATACOPY])
    }

    /// The code of a behavior.
    fn behavior(behavior: &Behavior) -> Self {
        let code = Self::default();
        match behavior {
            Behavior::Reverts => code.ops(&[op::PUSH0, op::PUSH0, op::REVERT]),
            Behavior::BurnsGas => code.ops(&[op::INVALID]),
            Behavior::Returns(bytes) => code.number(*bytes).ops(&[op::PUSH0, op::RETURN]),
            Behavior::RevertsWith(bytes) => code.number(*bytes).ops(&[op::PUSH0, op::REVERT]),
            Behavior::Calls(to, data) => code
                .memory(data)
                .ops(&[op::PUSH0, op::PUSH0])
                .number(u32::try_from(data.len()).unwrap())
                .ops(&[op::PUSH0, op::PUSH0])
                .push(to.as_slice())
                .ops(&[op::GAS, op::CALL])
                .copy_returndata()
                .ops(&[op::RETURNDATASIZE, op::PUSH0, op::LOG1, op::PUSH0, op::PUSH0, op::RETURN]),
        }
    }

    /// Init code of a contract with this code.
    fn init(&self) -> Bytes {
        // The loader is 15 bytes, and is followed by the code that it loads.
        let loader = Self::default().number(self.size()).ops(&[op::DUP1]).number(15);
        loader.ops(&[op::PUSH0, op::CODECOPY, op::PUSH0, op::RETURN]).ops(&self.0).0.into()
    }
}

/// Init code of a forwarder. Its calldata is an address of 20 bytes, and calldata for that account.
/// It makes the call with the value that it receives, and returns or reverts with the return data.
pub(crate) fn forwarder_init_code(behavior: &Behavior) -> Bytes {
    let failed = Code::default().ops(&[op::RETURNDATASIZE, op::PUSH0, op::REVERT]);
    Code::default()
        .ops(&[op::CALLDATASIZE])
        .unless(&Code::behavior(behavior))
        .push(&[20])
        .ops(&[op::CALLDATASIZE, op::SUB, op::DUP1])
        .push(&[20])
        .ops(&[op::PUSH0, op::CALLDATACOPY, op::PUSH0, op::PUSH0, op::DUP3, op::PUSH0])
        .ops(&[op::CALLVALUE, op::PUSH0, op::CALLDATALOAD])
        .push(&[96])
        .ops(&[op::SHR, op::GAS, op::CALL])
        .copy_returndata()
        .unless(&failed)
        .ops(&[op::RETURNDATASIZE, op::PUSH0, op::RETURN])
        .init()
}

/// Init code that makes calls in order, in one transaction, each with a value. It reverts with the
/// return data of the first call that fails.
pub(crate) fn multicall_init_code(steps: &[(Address, u128, Vec<u8>)]) -> Bytes {
    let failed = Code::default().ops(&[op::RETURNDATASIZE, op::PUSH0, op::REVERT]);
    let code = steps.iter().fold(Code::default(), |code, (to, wei, data)| {
        code.memory(data)
            .ops(&[op::PUSH0, op::PUSH0])
            .number(u32::try_from(data.len()).unwrap())
            .ops(&[op::PUSH0])
            .push(&wei.to_be_bytes())
            .push(to.as_slice())
            .ops(&[op::GAS, op::CALL])
            .copy_returndata()
            .unless(&failed)
    });
    code.0.into()
}

/// Calldata for a forwarder that is to call `to`.
pub(crate) fn forward_calldata(to: Address, data: &[u8]) -> Bytes {
    [to.as_slice(), data].concat().into()
}

/// Init code that forces its value on an account.
pub(crate) fn selfdestruct_init_code(to: Address) -> Bytes {
    Code::default().push(to.as_slice()).ops(&[op::SELFDESTRUCT]).0.into()
}
