//! What is sent is in the state file before, and its end afterwards.

use agents::Role;
use client::{Application, message_key};

use crate::harness::{ETHER, World, offer};

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_is_in_the_state_file_by_its_name() {
    let world = World::new().await;
    let person = world.person();
    let base = world.base(Role::Worker, &person).await;
    let (market, key) = (base.doing("register"), message_key(&person));
    let done = market.register(Application::default(), &offer(7), key, ETHER).await.unwrap();
    assert_eq!(base.store().done("register").unwrap(), Some(done.receipt.transaction));
    assert!(base.store().unfinished().unwrap().is_empty());
}
