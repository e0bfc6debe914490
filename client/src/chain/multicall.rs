//! Many calls in one request: the init code of a contract that is never created makes them all, and answers with their outputs.
//!
//! So it needs no contract on the chain, and all outputs are of one block. A node runs it as any call without a receiver, and takes
//! what it returns for the code of a contract: 24 KiB at most, of which the first byte is not 0xef.

use alloy::primitives::{Address, Bytes};

use crate::error::Contract;

/// The most bytes that a node takes for code.
const MAX_OUTPUT: usize = 24 * 1024;

/// The most calls in one request: with the longest calldata that is used so, their init code stays below the 48 KiB that a node takes.
const MAX_CALLS: usize = 128;

/// The bytes of a word on the stack and in memory.
const WORD: usize = 32;

/// The instructions that are used.
mod op {
    /// The sum of two numbers.
    pub(super) const ADD: u8 = 0x01;
    /// The difference of two numbers.
    pub(super) const SUB: u8 = 0x03;
    /// The length of what the last call returned.
    pub(super) const RETURNDATASIZE: u8 = 0x3d;
    /// Copies what the last call returned into memory.
    pub(super) const RETURNDATACOPY: u8 = 0x3e;
    /// Writes a word to memory.
    pub(super) const MSTORE: u8 = 0x52;
    /// The gas that is left.
    pub(super) const GAS: u8 = 0x5a;
    /// Pushes one byte; the instruction that pushes n bytes is n - 1 further on.
    pub(super) const PUSH1: u8 = 0x60;
    /// Copies the second word of the stack to its top.
    pub(super) const DUP2: u8 = 0x81;
    /// Copies the third word of the stack to its top.
    pub(super) const DUP3: u8 = 0x82;
    /// Exchanges the two words on top of the stack.
    pub(super) const SWAP1: u8 = 0x90;
    /// Ends with an output.
    pub(super) const RETURN: u8 = 0xf3;
    /// Calls a contract, which must not change anything.
    pub(super) const STATICCALL: u8 = 0xfa;
}

/// A call whose output is wanted.
pub(crate) type Call = (Contract, Bytes);

/// What a call returned: its output, or as an error the data with which it reverted.
pub(crate) type Outcome = Result<Bytes, Bytes>;

/// How many calls fit into one request, none of which returns more bytes than `longest`.
pub(super) fn calls_in_request(longest: usize) -> usize {
    let each = longest.next_multiple_of(WORD).saturating_add(2 * WORD);
    MAX_OUTPUT.checked_div(each).unwrap_or_default().clamp(1, MAX_CALLS)
}

/// The init code that makes these calls. It returns for each of them a word that is 1 if it succeeded, the length of its output in
/// a word, and the output.
///
/// ```text
/// memory: the calldata of the call at hand | word, word, output | word, word, output | …
/// stack:  where the next outcome goes
/// ```
pub(super) fn init_code(calls: &[Call]) -> Bytes {
    let longest = calls.iter().map(|(_, data)| data.len()).max().unwrap_or_default();
    let base = longest.next_multiple_of(WORD);
    let mut code = Vec::new();
    push(&mut code, &number(base));
    for (contract, data) in calls {
        for (index, chunk) in data.chunks(WORD).enumerate() {
            let mut word = [0; WORD];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            push(&mut code, &word);
            push(&mut code, &number(index.saturating_mul(WORD)));
            code.push(op::MSTORE);
        }
        call(&mut code, contract.address(), data.len());
        store_outcome(&mut code);
    }
    push(&mut code, &number(base));
    code.extend([op::SWAP1, op::SUB]);
    push(&mut code, &number(base));
    code.push(op::RETURN);
    code.into()
}

/// Calls an account with so many bytes of the memory; leaves whether it succeeded.
fn call(code: &mut Vec<u8>, account: Address, length: usize) {
    // No output in memory yet: length and place of it, length and place of the calldata.
    for argument in [0, 0, length, 0] {
        push(code, &number(argument));
    }
    push(code, account.as_slice());
    code.extend([op::GAS, op::STATICCALL]);
}

/// Writes whether the call succeeded, its output's length and its output, and moves on to the place behind them.
fn store_outcome(code: &mut Vec<u8>) {
    code.extend([op::DUP2, op::MSTORE]);
    code.extend([op::RETURNDATASIZE, op::DUP2, op::PUSH1, 32, op::ADD, op::MSTORE]);
    code.extend([op::RETURNDATASIZE, op::PUSH1, 0, op::DUP3, op::PUSH1, 64, op::ADD]);
    code.push(op::RETURNDATACOPY);
    code.extend([op::RETURNDATASIZE, op::PUSH1, 64, op::ADD, op::ADD]);
}

/// Pushes 1 to 32 bytes.
fn push(code: &mut Vec<u8>, bytes: &[u8]) {
    let further = u8::try_from(bytes.len()).unwrap_or(u8::MAX).saturating_sub(1);
    code.push(op::PUSH1.saturating_add(further));
    code.extend(bytes);
}

/// A length or a place in memory, to push.
fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes()
}

/// The outcomes of so many calls; `None` if this is not what the init code returns.
pub(super) fn outcomes(output: &[u8], calls: usize) -> Option<Vec<Outcome>> {
    let (mut left, mut outcomes) = (output, Vec::new());
    for _ in 0..calls {
        let (succeeded, rest) = left.split_at_checked(WORD)?;
        let (length, rest) = rest.split_at_checked(WORD)?;
        let (output, rest) = rest.split_at_checked(as_usize(length)?)?;
        let output = Bytes::copy_from_slice(output);
        outcomes.push(if as_usize(succeeded)? == 1 { Ok(output) } else { Err(output) });
        left = rest;
    }
    left.is_empty().then_some(outcomes)
}

/// The number in a word, if it is small.
fn as_usize(word: &[u8]) -> Option<usize> {
    let (high, low) = word.split_last_chunk::<8>()?;
    let is_small = high.iter().all(|byte| *byte == 0);
    usize::try_from(u64::from_be_bytes(*low)).ok().filter(|_| is_small)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mock::MockBackend;
    use crate::error::{BackendError, MarketError, NodeError};

    /// The contract of these tests.
    const AGREEMENT: Contract = Contract::Agreement(Address::repeat_byte(255));

    #[test]
    fn outcomes_are_read_as_the_init_code_writes_them() {
        let word = |value: u8| [[0; 31].as_slice(), &[value]].concat();
        let output = [word(1), word(2), vec![7, 8], word(0), word(1), vec![9], word(1), word(0)];
        let output = output.concat();
        let expected = vec![Ok(Bytes::from([7, 8])), Err(Bytes::from([9])), Ok(Bytes::new())];
        assert_eq!(outcomes(&output, 3), Some(expected));
        assert_eq!(outcomes(&output, 2), None, "more than there are calls");
        assert_eq!(outcomes(&output[..output.len() - 1], 3), None, "cut off");
        assert_eq!(outcomes(&[[1; 32], [255; 32]].concat(), 1), None, "no length");
        assert_eq!(outcomes(&[], 0), Some(Vec::new()));
    }

    #[test]
    fn request_and_answer_stay_within_what_nodes_take() {
        for (longest, expected) in [(0, 128), (32, 128), (256, 76), (5_000, 4), (100_000, 1)] {
            assert_eq!(calls_in_request(longest), expected, "{longest} bytes");
        }
        let reported = (AGREEMENT, vec![255; 36].into());
        let code = init_code(&vec![reported; MAX_CALLS]);
        assert!(code.len() < 48 * 1024, "{} bytes", code.len());
    }

    /// Asks a node which of these places have reported, if it refuses calls without a receiver so.
    async fn ask(
        refusal: fn() -> BackendError,
        answers: bool,
    ) -> Result<Vec<Outcome>, MarketError> {
        let backend =
            MockBackend::new(move |request, _| match (request.to, request.data.as_ref()) {
                (Some(_), [1]) => Err(BackendError::Reverted([9].into())),
                (Some(_), place) if answers => Ok(Bytes::copy_from_slice(place)),
                _ => Err(refusal()),
            });
        let calls = [0, 1, 2].map(|place| (AGREEMENT, Bytes::from([place])));
        backend.node().0.chain().call_many(&calls, WORD).await
    }

    #[tokio::test]
    async fn node_that_refuses_the_request_is_asked_for_each_call() {
        let expected = [Ok(Bytes::from([0])), Err(Bytes::from([9])), Ok(Bytes::from([2]))];
        let refused = || BackendError::Node(NodeError::Rpc { code: -32_000, message: "no".into() });
        assert_eq!(ask(refused, true).await.unwrap(), expected);
        let out_of_gas = || BackendError::Reverted(Bytes::new());
        assert_eq!(ask(out_of_gas, true).await.unwrap(), expected);
        let error = ask(refused, false).await.unwrap_err();
        assert!(matches!(error, MarketError::Node(NodeError::Rpc { .. })), "{error}");
        let limited = || {
            BackendError::Node(NodeError::RateLimited { message: "no".into(), retry_after: None })
        };
        let error = ask(limited, true).await.unwrap_err();
        assert!(matches!(error, MarketError::Node(NodeError::RateLimited { .. })), "{error}");
    }
}
