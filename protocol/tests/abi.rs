//! Compares the interface with Solidity: selectors are hashed from signatures written by hand, and no two
//! items of an interface share a selector.

use std::collections::BTreeSet;

use alloy_primitives::keccak256;
use alloy_sol_types::{SolCall, SolError, SolEvent, SolInterface, SolValue};
use muster_protocol::abi::{IWorkAgreement, IWorkerDispatcher, Order, Reason, State};

/// The selector of a signature.
fn selector(signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = keccak256(signature).0;
    [a, b, c, d]
}

/// The Solidity type of `Order`.
const ORDER: &str = "(bytes8,uint256,uint256,uint8,uint8,uint16,uint16,uint64,uint32)";

/// The Solidity type of `WorkerResult`.
const RESULT: &str = "(address,uint128,uint128,uint128,bool,bool,uint32,uint8,uint16)";

#[test]
fn the_names_of_the_specification_have_the_selectors_of_solidity() {
    use IWorkAgreement as A;
    use IWorkerDispatcher as D;

    let table = [
        (D::buyContract_0Call::SELECTOR, "buyContract(uint256,uint256)".to_owned()),
        (D::buyContract_1Call::SELECTOR, format!("buyContract({ORDER})")),
        (D::quote_0Call::SELECTOR, "quote(uint256,uint256)".to_owned()),
        (D::quote_1Call::SELECTOR, format!("quote({ORDER})")),
        (D::quote_2Call::SELECTOR, format!("quote({ORDER},uint32[])")),
        (D::hireCall::SELECTOR, format!("hire({ORDER},uint32[])")),
        (D::reputationCall::SELECTOR, "reputation(address)".to_owned()),
        (
            D::concludeCall::SELECTOR,
            format!(
                "conclude(bytes,uint8,uint8,bool,{RESULT}[],(uint32,uint128,uint16)[],uint32[])"
            ),
        ),
        (
            D::registerWorkerCall::SELECTOR,
            "registerWorker(uint128,uint32,bytes8,uint16,bytes32,uint16,uint32)".to_owned(),
        ),
        (D::workersCall::SELECTOR, "workers(uint32,uint32)".to_owned()),
        (D::listedWorkersCall::SELECTOR, "listedWorkers(bytes8,uint32,uint32)".to_owned()),
        (D::createdAtCall::SELECTOR, "createdAt()".to_owned()),
        (D::workerCall::SELECTOR, "worker(address)".to_owned()),
        (D::workerCountCall::SELECTOR, "workerCount()".to_owned()),
        (A::clientCall::SELECTOR, "client()".to_owned()),
        (A::workersCall::SELECTOR, "workers()".to_owned()),
        (A::testersCall::SELECTOR, "testers(uint256)".to_owned()),
        (A::priceCall::SELECTOR, "price()".to_owned()),
        (A::redundancyCall::SELECTOR, "redundancy()".to_owned()),
        (A::applicationCall::SELECTOR, "application()".to_owned()),
        (A::endCall::SELECTOR, "end()".to_owned()),
        (A::acceptCall::SELECTOR, "accept()".to_owned()),
        (A::cancelCall::SELECTOR, "cancel()".to_owned()),
        (A::resignCall::SELECTOR, "resign()".to_owned()),
        (A::releaseCall::SELECTOR, "release(uint32[])".to_owned()),
        (A::reportCall::SELECTOR, "report(uint32,bytes32,bytes)".to_owned()),
        (A::reportBatchCall::SELECTOR, "reportBatch(bytes)".to_owned()),
        (A::progressCall::SELECTOR, "progress()".to_owned()),
        (A::openCallsCall::SELECTOR, "openCalls()".to_owned()),
        (A::sharesCall::SELECTOR, "shares(uint8,uint256)".to_owned()),
        (A::reportedCall::SELECTOR, "reported(uint32)".to_owned()),
        (A::settleCall::SELECTOR, "settle(uint32[])".to_owned()),
    ];
    for (ours, signature) in table {
        assert_eq!(ours, selector(&signature), "{signature}");
    }
}

/// A constant from outside this workspace, which also checks the hash function.
#[test]
fn the_purchase_of_the_specification_is_0db680f6() {
    assert_eq!(IWorkerDispatcher::buyContract_0Call::SELECTOR, [0x0d, 0xb6, 0x80, 0xf6]);
}

#[test]
fn no_two_calls_and_no_two_errors_of_a_contract_share_a_selector() {
    use IWorkAgreement::{IWorkAgreementCalls, IWorkAgreementErrors};
    use IWorkerDispatcher::{IWorkerDispatcherCalls, IWorkerDispatcherErrors};

    fn distinct<I: SolInterface>(signatures: &[&str]) {
        let hashed: BTreeSet<_> = signatures.iter().map(|signature| selector(signature)).collect();
        assert_eq!(hashed.len(), I::COUNT, "{}", I::NAME);
        assert!(I::selectors().eq(hashed), "{}", I::NAME);
    }
    distinct::<IWorkerDispatcherCalls>(IWorkerDispatcherCalls::SIGNATURES);
    distinct::<IWorkerDispatcherErrors>(IWorkerDispatcherErrors::SIGNATURES);
    distinct::<IWorkAgreementCalls>(IWorkAgreementCalls::SIGNATURES);
    distinct::<IWorkAgreementErrors>(IWorkAgreementErrors::SIGNATURES);
}

/// A client can decode an error without knowing which contract it came from.
#[test]
fn what_both_contracts_may_say_means_the_same() {
    use IWorkAgreement as A;
    use IWorkerDispatcher as D;

    let names = |signatures: &[&'static str]| -> BTreeSet<&'static str> {
        signatures.iter().copied().collect()
    };
    let bare =
        |signature: &&'static str| signature.split('(').next().unwrap_or_default().to_owned();
    let agreement = names(A::IWorkAgreementErrors::SIGNATURES);
    let dispatcher = names(D::IWorkerDispatcherErrors::SIGNATURES);
    let all: BTreeSet<_> = agreement.union(&dispatcher).collect();
    let bare_names: BTreeSet<_> = all.iter().map(|signature| bare(signature)).collect();
    assert_eq!(all.len(), bare_names.len(), "one name, two signatures");

    let selectors: BTreeSet<_> = all.iter().map(|signature| selector(signature)).collect();
    assert_eq!(all.len(), selectors.len(), "two errors, one selector");
    assert_eq!(A::MalformedCall::SELECTOR, D::MalformedCall::SELECTOR);
}

#[test]
fn every_event_has_a_topic_of_its_own() {
    use IWorkAgreement as A;
    use IWorkerDispatcher as D;

    let topics: BTreeSet<_> = D::IWorkerDispatcherEvents::SELECTORS
        .iter()
        .chain(A::IWorkAgreementEvents::SELECTORS)
        .collect();
    let count =
        D::IWorkerDispatcherEvents::SELECTORS.len() + A::IWorkAgreementEvents::SELECTORS.len();
    assert_eq!(topics.len(), count);
    assert_eq!(
        D::ContractBought::SIGNATURE_HASH,
        keccak256("ContractBought(address,address,uint128,address[])")
    );
    assert_eq!(
        D::PurchaseRefused::SIGNATURE_HASH,
        keccak256("PurchaseRefused(address,uint8,uint128,uint128)")
    );
    let settled = format!(
        "AgreementSettled(address,address,uint128,uint128,{RESULT}[],(address,uint128,uint16)[])"
    );
    assert_eq!(D::AgreementSettled::SIGNATURE_HASH, keccak256(settled));
    let released = format!("AbsentReleased(address,address,uint128,{RESULT}[])");
    assert_eq!(D::AbsentReleased::SIGNATURE_HASH, keccak256(released));
    assert_eq!(D::Burned::SIGNATURE_HASH, keccak256("Burned(address,uint128)"));
    assert_eq!(
        D::ReputationChanged::SIGNATURE_HASH,
        keccak256("ReputationChanged(address,uint64,uint64)")
    );
    assert_eq!(A::Started::SIGNATURE_HASH, keccak256("Started(uint64,uint64,bytes16)"));
    assert_eq!(A::Cancelled::SIGNATURE_HASH, keccak256("Cancelled(uint8,uint64)"));
    assert_eq!(A::Resigned::SIGNATURE_HASH, keccak256("Resigned(address,uint8,uint64)"));
    assert_eq!(A::Released::SIGNATURE_HASH, keccak256("Released(uint8,uint8)"));
    assert_eq!(A::Reported::SIGNATURE_HASH, keccak256("Reported(address,uint32,bytes)"));
    assert_eq!(A::ReportSkipped::SIGNATURE_HASH, keccak256("ReportSkipped(uint32,bytes4)"));
}

/// The contracts decode an order word by word.
#[test]
fn an_order_is_nine_words_and_enums_are_numbers_from_zero() {
    let order = Order {
        start: 7,
        ..muster_protocol::order::default_order(
            alloy_primitives::U256::from(1),
            alloy_primitives::U256::from(2),
            &muster_protocol::settings::dev(muster_protocol::abi::Clock::Second),
            0,
        )
    };
    let words = order.abi_encode();
    assert_eq!(words.len(), 9 * 32);
    assert_eq!((words[63], words[95], words[287]), (1, 2, 7));
    assert_eq!(u8::from(Reason::None), 0);
    assert_eq!(u8::from(Reason::PriceOverflow), 11);
    assert_eq!(u8::from(Reason::WorkerUnfit), 12);
    assert_eq!(u8::from(State::Offered), 0);
    assert_eq!(u8::from(State::Void), 5);
}
