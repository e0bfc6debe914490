//! Invariants of balances, checked after every transaction.

use std::collections::HashMap;

use alloy::primitives::Address;
use alloy::sol_types::{SolCall, SolEvent};
use muster_client::protocol::abi::IWorkerDispatcher::{
    AbsentReleased, AgreementSettled, Burned, ContractBought, creditCall, workerCountCall,
    workersCall,
};

use crate::harness::TestEnv;

impl TestEnv {
    /// The dispatcher holds exactly its stakes, its credits and what was burned; every agreement
    /// that is not settled holds at least its escrow.
    pub(crate) async fn check_balances(&self) {
        let stakes: u128 = self.stakes().await.iter().sum();
        let credits: u128 = self.credits().await.values().sum();
        let burned = self.burned().await;
        let holds = self.rpc.balance(self.dispatcher).await;
        let owes = stakes + credits + burned;
        assert_eq!(holds, owes, "stakes are {stakes}, credits {credits}, burned {burned}");
        for (agreement, escrow) in self.open_escrows().await {
            let holds = self.rpc.balance(agreement).await;
            assert!(holds >= escrow, "{agreement} holds {holds} of {escrow}");
        }
    }

    /// The stakes of all accounts, by number.
    async fn stakes(&self) -> Vec<u128> {
        let count = self.rpc.read_all(self.dispatcher, vec![workerCountCall {}.abi_encode()]);
        let count = workerCountCall::abi_decode_returns(&count.await[0]).unwrap();
        let pages = (1..=count).step_by(16).map(|from| workersCall { from, count: 16 });
        let pages = pages.map(|call| call.abi_encode()).collect();
        let pages = self.rpc.read_all(self.dispatcher, pages).await;
        let workers = pages.iter().flat_map(|page| workersCall::abi_decode_returns(page).unwrap());
        let stakes: Vec<_> = workers.map(|worker| worker.stake).collect();
        assert_eq!(stakes.len(), usize::try_from(count).unwrap());
        stakes
    }

    /// The credits of all accounts.
    pub(crate) async fn credits(&self) -> HashMap<Address, u128> {
        let credit_accounts = self.credit_accounts.lock().unwrap().clone();
        let calls =
            credit_accounts.iter().map(|account| creditCall { account: *account }.abi_encode());
        let credits = self.rpc.read_all(self.dispatcher, calls.collect()).await;
        let wei = credits.iter().map(|answer| creditCall::abi_decode_returns(answer).unwrap());
        credit_accounts.into_iter().zip(wei).collect()
    }

    /// The wei that were burned.
    async fn burned(&self) -> u128 {
        let logs = self.rpc.logs(self.dispatcher, vec![Burned::SIGNATURE_HASH]).await;
        logs.iter().map(|log| Burned::decode_log(&log.inner).unwrap().amount).sum()
    }

    /// The escrows of agreements that are not settled, without the parts of released workers.
    async fn open_escrows(&self) -> HashMap<Address, u128> {
        let kinds = [
            ContractBought::SIGNATURE_HASH,
            AbsentReleased::SIGNATURE_HASH,
            AgreementSettled::SIGNATURE_HASH,
        ];
        let mut owed = HashMap::new();
        for log in self.rpc.logs(self.dispatcher, kinds.to_vec()).await {
            if let Ok(bought) = ContractBought::decode_log(&log.inner) {
                owed.insert(bought.agreement, bought.escrow);
            } else if let Ok(released) = AbsentReleased::decode_log(&log.inner) {
                let escrow: &mut u128 = owed.get_mut(&released.agreement).unwrap();
                *escrow = escrow.checked_sub(released.refund).unwrap();
            } else {
                let settled = AgreementSettled::decode_log(&log.inner).unwrap();
                assert!(owed.remove(&settled.agreement).is_some(), "settled twice");
            }
        }
        owed
    }
}
