//! A chain for unit tests: answers what it is told to, and remembers what was sent.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, Bytes, U256};
use futures::FutureExt;
use futures::future::ready;

use crate::error::Fault;
use crate::node::Node;
use crate::transport::{Answer, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// The account of every fake chain.
pub(crate) const ME: Address = Address::repeat_byte(0x11);

/// Says what a call returns.
type Answers = Box<dyn Fn(&Call, &World) -> Result<Bytes, Fault> + Send + Sync>;

/// See the module.
pub(crate) struct Fake {
    /// What calls return.
    pub(crate) answers: Answers,
    /// What estimates return.
    pub(crate) gas: u64,
    /// The latest block.
    pub(crate) head: Head,
    /// What everybody has, in wei.
    pub(crate) balance: U256,
    /// The code of every account.
    pub(crate) code: Bytes,
    /// What becomes of every transaction.
    pub(crate) receipt: Option<Receipt>,
    /// What was sent, and with how much gas.
    pub(crate) sent: Mutex<Vec<(Call, u64)>>,
}

impl Fake {
    /// A chain on which all calls answer like this, everybody is rich, and transactions succeed.
    pub(crate) fn new(
        answers: impl Fn(&Call, &World) -> Result<Bytes, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answers: Box::new(answers),
            gas: 100_000,
            head: Head { number: 7, hash: B256::repeat_byte(7), timestamp: 1, gas_price: 1 },
            balance: U256::MAX,
            code: Bytes::from_static(&[0xfe]),
            receipt: Some(Receipt { success: true, ..Receipt::default() }),
            sent: Mutex::default(),
        }
    }

    /// The node in front of this chain, and the chain.
    pub(crate) fn node(self) -> (Node, Arc<Self>) {
        let chain = Arc::new(self);
        (Node::on(chain.clone()), chain)
    }
}

impl Debug for Fake {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Chain for Fake {
    fn chain_id(&self) -> u64 {
        1
    }

    fn account(&self) -> Option<Address> {
        Some(ME)
    }

    fn head(&self) -> Answer<'_, Head> {
        ready(Ok(self.head)).boxed()
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        ready((self.answers)(call, world)).boxed()
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        ready((self.answers)(call, world).map(|_| self.gas)).boxed()
    }

    fn send<'a>(&'a self, call: &'a Call, gas: u64) -> Answer<'a, B256> {
        self.sent.lock().unwrap().push((call.clone(), gas));
        ready(Ok(B256::ZERO)).boxed()
    }

    fn receipt(&self, _: B256) -> Answer<'_, Option<Receipt>> {
        ready(Ok(self.receipt.clone())).boxed()
    }

    fn logs<'a>(&'a self, _: &'a LogFilter) -> Answer<'a, Vec<Log>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn code(&self, _: Address) -> Answer<'_, Bytes> {
        ready(Ok(self.code.clone())).boxed()
    }

    fn balance(&self, _: Address) -> Answer<'_, U256> {
        ready(Ok(self.balance)).boxed()
    }
}
