//! Accounts with code: an assembler of a few lines, and a puppet made with it, which calls whom it is
//! told to and has a habit when it is given plain ether.

use alloy::primitives::{Address, Bytes};

/// Instructions of the EVM that are used here, under the EVM's names.
mod op {
    /// Top minus the next.
    pub(super) const SUB: u8 = 0x03;
    /// The next, shifted right by the top.
    pub(super) const SHR: u8 = 0x1c;
    /// Wei that came along.
    pub(super) const CALLVALUE: u8 = 0x34;
    /// A word of calldata.
    pub(super) const CALLDATALOAD: u8 = 0x35;
    /// Bytes of calldata.
    pub(super) const CALLDATASIZE: u8 = 0x36;
    /// Calldata to memory.
    pub(super) const CALLDATACOPY: u8 = 0x37;
    /// Code to memory.
    pub(super) const CODECOPY: u8 = 0x39;
    /// Bytes of the last answer.
    pub(super) const RETURNDATASIZE: u8 = 0x3d;
    /// The last answer to memory.
    pub(super) const RETURNDATACOPY: u8 = 0x3e;
    /// A word to memory.
    pub(super) const MSTORE: u8 = 0x52;
    /// Jumps if the next is not zero.
    pub(super) const JUMPI: u8 = 0x57;
    /// Gas that is left.
    pub(super) const GAS: u8 = 0x5a;
    /// Where a jump may go.
    pub(super) const JUMPDEST: u8 = 0x5b;
    /// Zero; the pushes of 1 to 32 bytes follow.
    pub(super) const PUSH0: u8 = 0x5f;
    /// The top once more.
    pub(super) const DUP1: u8 = 0x80;
    /// The third once more.
    pub(super) const DUP3: u8 = 0x82;
    /// An event with one topic.
    pub(super) const LOG1: u8 = 0xa1;
    /// A call.
    pub(super) const CALL: u8 = 0xf1;
    /// The end, with an answer.
    pub(super) const RETURN: u8 = 0xf3;
    /// The end, undone.
    pub(super) const REVERT: u8 = 0xfd;
    /// The end, undone and without gas.
    pub(super) const INVALID: u8 = 0xfe;
    /// The end, with all wei to the top.
    pub(super) const SELFDESTRUCT: u8 = 0xff;
}

/// What a puppet does with plain ether.
#[derive(Clone, Debug)]
pub(crate) enum Behavior {
    /// Refuses.
    Reverts,
    /// Uses up all gas.
    BurnsGas,
    /// Keeps it and answers with so many bytes.
    Returns(u32),
    /// Refuses with so many bytes.
    RevertsWith(u32),
    /// Keeps it, makes this call, and logs what that answered; the topic is 1 if it succeeded.
    Calls(Address, Vec<u8>),
}

/// Code that grows.
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

    /// Where the next instruction is.
    fn size(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap()
    }

    /// Appends a jump over `code` if the stack's top is not zero, and `code`.
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

    /// Appends code that copies the last answer to memory.
    fn copy_returndata(self) -> Self {
        self.ops(&[op::RETURNDATASIZE, op::PUSH0, op::PUSH0, op::RETURNDATACOPY])
    }

    /// What a habit does.
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
        // The loader is 15 bytes, and what it loads stands behind it.
        let loader = Self::default().number(self.size()).ops(&[op::DUP1]).number(15);
        loader.ops(&[op::PUSH0, op::CODECOPY, op::PUSH0, op::RETURN]).ops(&self.0).0.into()
    }
}

/// Init code of a puppet. Called with calldata, it sends the wei it got and what stands behind the
/// first 20 bytes to the account in those, and answers or reverts with what that answered.
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

/// Init code that makes calls, one after the other in one transaction, each with wei; it reverts with
/// the answer of the first one that fails.
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

/// Calldata of a puppet that is to call `to`.
pub(crate) fn forward_calldata(to: Address, data: &[u8]) -> Bytes {
    [to.as_slice(), data].concat().into()
}

/// Init code that gives its wei to an account without asking it.
pub(crate) fn selfdestruct_init_code(to: Address) -> Bytes {
    Code::default().push(to.as_slice()).ops(&[op::SELFDESTRUCT]).0.into()
}
