//! The fees of Arbitrum One, which rise and fall while daemons work.

use serde_json::json;
use stylus_devnode::{Config, DEV_ADDRESS, Network};

use super::print_row;
use super::test_daemons::{FaultSchedule, TestDaemons, rpc, run_on_chain};
use crate::harness::future_epoch_start;

/// What a unit of data costs in wei before each operation: rising, far above what Arbitrum One has seen, and nothing.
const DATA_PRICES: [u64; 4] = [100_000_000, 5_000_000_000, 40_000_000_000, 0];

/// Five times the lowest base fee of Arbitrum One.
const HIGH_BASE_FEE: &str = "0x5f5e100";

/// Every operation meets another price of data, and is due after a block whose gas costs five times as much as usual.
struct ChangingFees {
    /// How often the fees have changed.
    changes: usize,
}

impl FaultSchedule for ChangingFees {
    async fn before(&mut self, daemons: &TestDaemons<'_>, operation: &str) {
        let price = DATA_PRICES[self.changes % DATA_PRICES.len()];
        self.changes += 1;
        // `setL1PricePerUnit` of `ArbOwner`.
        let transaction = json!({
            "from": DEV_ADDRESS,
            "to": "0x0000000000000000000000000000000000000070",
            "data": format!("0x2b352fae{price:064x}"),
            "gas": "0x989680",
        });
        let hash = rpc(daemons.node, "eth_sendTransaction", json!([transaction])).await;
        let receipt = rpc(daemons.node, "eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1");
        print_row("all", operation, &format!("data costs {price} wei"), "done once");
    }

    async fn due(&mut self, daemons: &TestDaemons<'_>, _: &str) {
        rpc(daemons.node, "anvil_setNextBlockBaseFeePerGas", json!([HIGH_BASE_FEE])).await;
        rpc(daemons.node, "evm_mine", json!([])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_end_an_agreement_under_the_fees_of_arbitrum_one() {
    let genesis = Some(future_epoch_start());
    let config = Config { genesis, network: Network::ArbitrumOne, ..Config::any_port() };
    run_on_chain("real-fees", config, &mut ChangingFees { changes: 0 }).await;
}
