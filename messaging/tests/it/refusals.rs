//! Refused requests for endpoints and passes, and the reasons.

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_messaging::{
    Claim, Content, Delegation, Message, MessageKey, PassResponder, RefusalReason,
};

use crate::harness::{CHAIN, Market, delivery, key, now};

/// The worker's reason to refuse a request; `None` if it replies with its endpoint.
async fn endpoint_refusal(
    market: &Market,
    sender: &MessageKey,
    request: &Message,
) -> Option<RefusalReason> {
    let incoming = delivery(sender, request);
    let reply = market.endpoint_responder().respond(&incoming, now()).await.unwrap().unwrap();
    assert!(reply.is_reply_to(request));
    match reply.content {
        Content::Refusal { reason } => Some(reason),
        Content::EndpointReply(_) => None,
        other => panic!("{other:?}"),
    }
}

/// A request for the endpoint of the market's agreement.
fn request(market: &Market, claim: Claim) -> Message {
    Message::request(CHAIN, market.agreement, Content::EndpointRequest { claim })
}

#[tokio::test]
async fn a_request_for_another_chain_or_agreement_is_refused() {
    let market = Market::new();
    let client = key(&market.client);
    let request = request(&market, Claim::Client {});
    let elsewhere = Message { chain_id: CHAIN + 1, ..request.clone() };
    assert_eq!(
        endpoint_refusal(&market, &client, &elsewhere).await,
        Some(RefusalReason::OtherChain)
    );
    let another = Message { agreement: Address::repeat_byte(1), ..request.clone() };
    assert_eq!(endpoint_refusal(&market, &client, &another).await, Some(RefusalReason::NotMine));
    market.update_agreement(|info| info.workers = vec![Address::repeat_byte(2)]);
    assert_eq!(endpoint_refusal(&market, &client, &request).await, Some(RefusalReason::NotMine));
}

#[tokio::test]
async fn nobody_has_access_before_the_start_or_after_the_end() {
    let market = Market::new();
    market.update_agreement(|info| info.window = None);
    let client = key(&market.client);
    let request = request(&market, Claim::Client {});
    assert_eq!(endpoint_refusal(&market, &client, &request).await, Some(RefusalReason::NotRunning));
}

#[tokio::test]
async fn a_stranger_is_not_the_client() {
    let market = Market::new();
    let stranger = MessageKey::random();
    let request = request(&market, Claim::Client {});
    assert_eq!(
        endpoint_refusal(&market, &stranger, &request).await,
        Some(RefusalReason::NotAllowed)
    );
}

#[tokio::test]
async fn a_delegation_is_good_for_its_agreement_key_and_time_and_from_the_client() {
    let market = Market::new();
    let (client, fresh, later) = (&market.client, MessageKey::random(), now() + 60);
    let here = market.agreement;
    let sign = |signer: &PrivateKeySigner, chain_id, agreement, key: B256, until| {
        let delegation = Delegation::sign(signer, chain_id, agreement, key, until).unwrap();
        request(&market, Claim::Delegate { delegation })
    };
    let key = fresh.public();
    let not_allowed = Some(RefusalReason::NotAllowed);
    for (delegated, expected) in [
        (sign(client, CHAIN, here, key, later), None),
        (sign(client, CHAIN, here, key, now()), Some(RefusalReason::Expired)),
        (sign(client, CHAIN + 1, here, key, later), not_allowed),
        (sign(client, CHAIN, Address::ZERO, key, later), not_allowed),
        (sign(client, CHAIN, here, MessageKey::random().public(), later), not_allowed),
        (sign(&PrivateKeySigner::random(), CHAIN, here, key, later), not_allowed),
    ] {
        assert_eq!(endpoint_refusal(&market, &fresh, &delegated).await, expected, "{delegated:?}");
    }
}

#[tokio::test]
async fn a_seat_is_its_testers_in_its_window() {
    let market = Market::new();
    let (tester, stranger) = (key(&market.tester), MessageKey::random());
    let seat = |window, place| request(&market, Claim::Seat { window, place });
    let refusal =
        async |sender, window, place| endpoint_refusal(&market, sender, &seat(window, place)).await;
    assert_eq!(refusal(&tester, 2, 5).await, None);
    assert_eq!(refusal(&tester, 1, 5).await, Some(RefusalReason::OtherWindow));
    assert_eq!(refusal(&tester, 2, 6).await, Some(RefusalReason::NoSeat));
    assert_eq!(refusal(&stranger, 2, 5).await, Some(RefusalReason::NoSeat));
    // A key counts for as long as it is the registered one.
    let rotated = MessageKey::random();
    market.chain.keys.lock().unwrap().insert(market.tester.address(), rotated.public());
    assert_eq!(refusal(&tester, 2, 5).await, Some(RefusalReason::NoSeat));
    assert_eq!(refusal(&rotated, 2, 5).await, None);
}

/// The client's reason to refuse a request for a pass; `None` if it replies with one.
async fn pass_refusal(
    responder: &PassResponder,
    sender: &MessageKey,
    request: &Message,
) -> Option<RefusalReason> {
    let reply = responder.respond(&delivery(sender, request)).await.unwrap().unwrap();
    match reply.content {
        Content::Refusal { reason } => Some(reason),
        Content::Pass { .. } => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pass_is_for_the_tester_of_a_window_that_is_not_over_in_an_agreement_of_the_client() {
    let market = Market::new();
    let (responder, tester) = (market.pass_responder(), key(&market.tester));
    let request = |window, place| {
        let content = Content::PassRequest { window, place, key: MessageKey::random().public() };
        Message::request(CHAIN, market.agreement, content)
    };
    let elsewhere = Message { chain_id: 1, ..request(2, 5) };
    let another = Message { agreement: Address::ZERO, ..request(2, 5) };
    for (sender, refused, reason) in [
        (&tester, elsewhere, RefusalReason::OtherChain),
        (&tester, another, RefusalReason::NotMine),
        (&tester, request(1, 5), RefusalReason::OtherWindow),
        (&tester, request(3, 4), RefusalReason::NoSeat),
        (&tester, request(2, 4), RefusalReason::NoSeat),
        (&MessageKey::random(), request(2, 5), RefusalReason::NoSeat),
    ] {
        assert_eq!(pass_refusal(&responder, sender, &refused).await, Some(reason), "{refused:?}");
    }
    assert_eq!(
        pass_refusal(&responder, &tester, &request(3, 5)).await,
        None,
        "ahead of its window"
    );
    market.update_agreement(|info| info.window = None);
    assert_eq!(
        pass_refusal(&responder, &tester, &request(2, 5)).await,
        Some(RefusalReason::NotRunning)
    );
    market.update_agreement(|info| info.client = Address::ZERO);
    assert_eq!(
        pass_refusal(&responder, &tester, &request(2, 5)).await,
        Some(RefusalReason::NotMine)
    );
}

#[tokio::test]
async fn a_seat_gets_a_pass_for_one_key_however_often_it_asks() {
    let market = Market::new();
    let (responder, tester) = (market.pass_responder(), key(&market.tester));
    let [first, second] = [(); 2].map(|()| MessageKey::random().public());
    let request = |key| {
        let content = Content::PassRequest { window: 2, place: 5, key };
        Message::request(CHAIN, market.agreement, content)
    };
    assert_eq!(pass_refusal(&responder, &tester, &request(first)).await, None);
    assert_eq!(pass_refusal(&responder, &tester, &request(first)).await, None);
    assert_eq!(
        pass_refusal(&responder, &tester, &request(second)).await,
        Some(RefusalReason::PassGiven)
    );
}
