//! Nodes that fail, are slow, or are behind, beside one that is well.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use alloy::primitives::Bytes;
use futures::FutureExt;
use tokio::time::Duration;

use super::one::LAG;
use super::{One, Pace, Several, look};
use crate::error::{Fault, NodeError};
use crate::fake::{Fake, Fate, Mood, answered};
use crate::signed::Draft;
use crate::transport::{At, Call, Chain, World};

/// Nodes that are only looked at by hand, and are slow after a tenth of a second.
const PACE: Pace = Pace {
    answer: Duration::from_millis(100),
    head: Duration::from_millis(100),
    look: Duration::MAX,
};

/// A node whose height is 7 and which answers this byte.
fn fake(answer: u8) -> Fake {
    Fake::new(move |_, _| Ok(Bytes::from(vec![answer])))
}

/// The way to a node.
fn way(name: &str, chain: &Arc<Fake>) -> One {
    let chain = chain.clone();
    let opening = move || {
        let chain: Arc<dyn Chain> = chain.clone();
        async move {
            match chain.head().await {
                Err(Fault::Node(error)) => Err(error),
                _ => Ok(chain),
            }
        }
        .boxed()
    };
    One::new(name.into(), Box::new(opening))
}

/// Two nodes, and both as one.
async fn two(a: Fake, b: Fake) -> (Arc<Fake>, Arc<Fake>, Several) {
    let (a, b) = (Arc::new(a), Arc::new(b));
    let several = Several::over(vec![way("a", &a), way("b", &b)], None, PACE).await.unwrap();
    (a, b, several)
}

/// Who answers.
async fn who(several: &Several) -> u8 {
    several.call(&Call::default(), &World::default()).await.unwrap()[0]
}

/// Looks at all nodes.
async fn look_at(several: &Several) {
    look(several.nodes.clone(), 1, PACE.head).await;
}

/// Sees that a look passes the first node over, and that one takes it back when it is well.
async fn stays_away_until_it_is_well(a: &Fake, several: &Several) {
    look_at(several).await;
    assert_eq!(who(several).await, 2);
    a.becomes(Mood::Well);
    look_at(several).await;
    assert_eq!(who(several).await, 1);
}

#[tokio::test]
async fn the_first_is_preferred() {
    let (_, b, several) = two(fake(1), fake(2)).await;
    let before = b.asked.load(Ordering::Relaxed);
    assert_eq!(who(&several).await, 1);
    assert_eq!(b.asked.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn who_fails_is_passed_over_until_it_is_well_again() {
    let (a, _, several) = two(fake(1), fake(2)).await;
    for mood in [Mood::Away, Mood::Silent, Mood::Busy] {
        a.becomes(mood);
        assert_eq!(who(&several).await, 2);
        let asked = a.asked.load(Ordering::Relaxed);
        assert_eq!(who(&several).await, 2);
        assert_eq!(a.asked.load(Ordering::Relaxed), asked, "it is left alone");
        stays_away_until_it_is_well(&a, &several).await;
    }
}

#[tokio::test]
async fn who_refuses_what_every_node_knows_is_passed_over() {
    let (a, _, several) = two(fake(1), fake(2)).await;
    a.becomes(Mood::Unable);
    assert!(several.call(&Call::default(), &World::default()).await.is_err(), "it may refuse that");
    several.head().await.unwrap();
    assert_eq!(who(&several).await, 2);
    stays_away_until_it_is_well(&a, &several).await;
}

#[tokio::test]
async fn who_stands_still_while_others_go_on_is_passed_over() {
    let (a, b, several) = two(fake(1), fake(2)).await;
    look_at(&several).await;
    b.more.store(1, Ordering::Relaxed);
    look_at(&several).await;
    assert_eq!(who(&several).await, 2);
    a.more.store(1, Ordering::Relaxed);
    b.more.store(2, Ordering::Relaxed);
    look_at(&several).await;
    assert_eq!(who(&several).await, 1);
}

#[tokio::test]
async fn who_is_far_behind_is_passed_over_until_it_has_caught_up() {
    let (a, b, several) = two(fake(1), fake(2)).await;
    b.more.store(LAG, Ordering::Relaxed);
    look_at(&several).await;
    assert_eq!(who(&several).await, 1);
    b.more.store(LAG + 1, Ordering::Relaxed);
    look_at(&several).await;
    assert_eq!(who(&several).await, 2);
    a.more.store(1, Ordering::Relaxed);
    look_at(&several).await;
    assert_eq!(who(&several).await, 1);
}

#[tokio::test]
async fn who_lost_blocks_is_passed_over_until_it_is_where_it_was() {
    let (a, b, several) = two(fake(1), fake(2)).await;
    let heights = |of_a, of_b| {
        a.more.store(of_a, Ordering::Relaxed);
        b.more.store(of_b, Ordering::Relaxed);
    };
    for (of_a, of_b, best) in [(9, 9, 1), (7, 9, 2), (8, 10, 2), (9, 11, 1)] {
        heights(of_a, of_b);
        look_at(&several).await;
        assert_eq!(who(&several).await, best, "{of_a} and {of_b}");
    }
    heights(3, 3);
    look_at(&several).await;
    assert_eq!(who(&several).await, 1, "the chain itself moved back");
}

#[tokio::test]
async fn who_is_not_there_at_first_is_found_later() {
    let away = fake(1);
    away.becomes(Mood::Away);
    let (a, _, several) = two(away, fake(2)).await;
    assert_eq!(who(&several).await, 2);
    a.becomes(Mood::Well);
    look_at(&several).await;
    assert_eq!(who(&several).await, 1);
}

#[tokio::test]
async fn if_nobody_answers_the_preferred_ones_fault_is_told_and_all_were_asked() {
    let (a, b, several) = two(fake(1), fake(2)).await;
    a.becomes(Mood::Busy);
    b.becomes(Mood::Away);
    let fault = several.balance(crate::fake::ME).await.unwrap_err();
    assert!(matches!(fault, Fault::Node(NodeError::Answered { code: -32_005, .. })), "{fault:?}");
    b.becomes(Mood::Well);
    assert_eq!(who(&several).await, 2);
    let error = Several::over(vec![way("a", &a)], None, PACE).await.unwrap_err();
    assert!(matches!(error, NodeError::Answered { code: -32_005, .. }), "{error}");
    let error = Several::over(vec![], None, PACE).await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_node_of_another_chain_is_refused() {
    let (a, b) = (Arc::new(fake(1)), Arc::new(Fake { chain_id: 2, ..fake(2) }));
    for (ways, expected, what) in [
        (vec![way("a", &a), way("b", &b)], None, "b"),
        (vec![way("a", &a), way("b", &b)], Some(2), "a"),
        (vec![way("a", &a)], Some(2), "a"),
    ] {
        match Several::over(ways, expected, PACE).await.unwrap_err() {
            NodeError::WrongChain { what: found, .. } => assert_eq!(&*found, what),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_node_that_comes_back_with_another_chain_is_passed_over() {
    let (a, b) = (Arc::new(fake(1)), Arc::new(Fake { chain_id: 2, ..fake(2) }));
    let (first, second) = (a.clone(), b.clone());
    let opening = move || {
        let chain = if *first.mood.lock().unwrap() == Mood::Well { &first } else { &second };
        let chain: Arc<dyn Chain> = chain.clone();
        async move { Ok(chain) }.boxed()
    };
    let nodes = vec![One::new("a".into(), Box::new(opening))];
    let several = Several::over(nodes, None, PACE).await.unwrap();
    a.becomes(Mood::Away);
    for again in [false, true] {
        let fault = several.balance(crate::fake::ME).await.unwrap_err();
        let wrong = matches!(fault, Fault::Node(NodeError::WrongChain { expected: 1, .. }));
        assert_eq!(wrong, again, "{fault:?}");
    }
    assert_eq!(b.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_node_that_becomes_one_of_another_chain_is_passed_over() {
    let (a, _, several) = two(fake(1), fake(2)).await;
    a.becomes(Mood::Elsewhere);
    stays_away_until_it_is_well(&a, &several).await;
}

#[tokio::test]
async fn an_answer_does_not_undo_what_was_found_out_meanwhile() {
    let (a, _, several) = two(fake(1), fake(2)).await;
    let question = |chain: Arc<dyn Chain>| {
        let (a, several) = (&a, &several);
        async move {
            a.becomes(Mood::Elsewhere);
            look_at(several).await;
            chain.head().await
        }
    };
    several.ask(question).await.unwrap();
    assert_eq!(who(&several).await, 2);
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    for refusal in [|| Fault::Reverted(Bytes::new()), || answered(-32_000)] {
        let (_, b, several) = two(Fake::new(move |_, _| Err(refusal())), fake(2)).await;
        let before = b.asked.load(Ordering::Relaxed);
        let world = World { at: At::Pending, ..World::default() };
        assert!(several.call(&Call::default(), &world).await.is_err());
        assert_eq!(b.asked.load(Ordering::Relaxed), before);
    }
}

#[tokio::test]
async fn what_a_silent_node_may_have_is_not_refused_by_the_next() {
    let (a, b, several) = two(fake(1), Fake { fates: vec![Fate::Unwanted], ..fake(2) }).await;
    a.becomes(Mood::Silent);
    let signed = several.sign(&Draft::default()).await.unwrap();
    let fault = several.broadcast(&signed).await.unwrap_err();
    assert!(matches!(fault, Fault::Node(NodeError::Unreachable { .. })), "{fault:?}");
    assert_eq!([&a, &b].map(|fake| fake.sent.lock().unwrap().len()), [1, 1]);
}
