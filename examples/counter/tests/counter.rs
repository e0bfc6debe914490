//! The counter on a chain. `cargo test` builds the program and starts a chain for each test.

use devnode::{Account, CallError, Constructor, Contract, Devnode};

/// The counter starts at five.
fn five() -> Constructor {
    Constructor::new("constructor(uint256)", &[&5]).unwrap()
}

/// What the counter says.
async fn number(counter: &Contract) -> String {
    counter.call("number()(uint256)", &[]).await.unwrap().remove(0)
}

#[devnode::test(constructor = five())]
async fn everybody_raises_the_number(counter: Contract, [alice, bob]: [Account; 2]) {
    assert_eq!(number(&counter).await, "5");
    counter.send(&alice, "increment()", &[]).await.unwrap();
    let receipt = counter.send(&bob, "increment()", &[]).await.unwrap();
    assert_eq!(number(&counter).await, "7");
    assert_eq!(receipt.logs[0].data[31], 7);
}

#[devnode::test(constructor = five())]
async fn only_the_owner_sets_it(chain: &Devnode, counter: Contract, [alice]: [Account; 1]) {
    // The dev account has deployed the counter.
    let owner = &chain.accounts()[0];
    counter.send(owner, "setNumber(uint256)", &[&40]).await.unwrap();
    assert_eq!(number(&counter).await, "40");
    let refused = counter.send(&alice, "setNumber(uint256)", &[&1]).await.unwrap_err();
    assert!(matches!(refused, CallError::Reverted { .. }), "{refused}");
}

#[devnode::test(constructor = five())]
async fn a_snapshot_brings_it_back(chain: &Devnode, counter: Contract, [alice]: [Account; 1]) {
    let before = chain.snapshot().await.unwrap();
    counter.send(&alice, "increment()", &[]).await.unwrap();
    assert_eq!(number(&counter).await, "6");
    chain.revert(before).await.unwrap();
    assert_eq!(number(&counter).await, "5");
}
