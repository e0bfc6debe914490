//! The dispatcher's constructor. (The agreement has none: its terms are part of its code.)

use alloy_sol_types::sol;

sol! {
    #[derive(Debug, PartialEq, Eq)]
    contract WorkerDispatcher {
        /// The fields of `Settings`, then the implementation contract of agreements.
        constructor(uint8 clock, uint32 acceptWindow, uint32 reportWindow, uint32 minLength, uint32 maxAgreement, uint32 minWindow, uint32 epochLength, uint8 lockEpochs, uint32 minPool, uint8 probes, uint16 minPromise, uint16 bondBps, uint16 testerFeeBps, uint128 minBond, uint128 minTesterFee, uint128 testerBond, uint128 reputationUnit, address agreement);
    }
}
