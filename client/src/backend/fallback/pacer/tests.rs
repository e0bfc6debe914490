//! Nodes that allow so many requests a second.

use std::sync::Arc;

use tokio::time::advance;

use super::*;
use crate::backend::urgency::urgent;

/// A node that allows so many requests a second, and that many at once.
struct Bucket {
    /// Requests a second.
    rate: u32,
    /// When each of its tokens is there again.
    tokens: Mutex<VecDeque<Instant>>,
}

impl Bucket {
    fn new(rate: u32) -> Self {
        Self { rate, tokens: Mutex::new((0..rate).map(|_| Instant::now()).collect()) }
    }

    /// Whether it answers a request now.
    fn answers(&self) -> bool {
        let (now, mut tokens) = (Instant::now(), self.tokens.lock().unwrap());
        if tokens.front().is_none_or(|there| *there > now) {
            return false;
        }
        tokens.pop_front();
        let last = tokens.back().map_or(now, |last| now.max(*last));
        tokens.push_back(after(last, part(COUNTED, self.rate)));
        true
    }

    /// Makes a request until it is answered; returns how often it was refused.
    async fn ask(&self, pacer: &Pacer) -> u32 {
        let mut refused = 0;
        loop {
            let made = pacer.admit().await;
            if self.answers() {
                pacer.record_answer();
                return refused;
            }
            pacer.record_refusal(made, None);
            refused = u32::saturating_add(refused, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_limit_is_asked_at_once() {
    let (pacer, begun) = (Pacer::default(), Instant::now());
    for _ in 0..1_000 {
        pacer.admit().await;
        pacer.record_answer();
    }
    assert_eq!((begun.elapsed(), pacer.wait()), (Duration::ZERO, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_used_to_the_full_and_seldom_exceeded() {
    for rate in [1, 5, 8, 50] {
        let (pacer, node, begun) = (Pacer::default(), Bucket::new(rate), Instant::now());
        let (requests, mut refused) = (rate * 100, 0);
        for _ in 0..requests {
            refused += node.ask(&pacer).await;
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(150), "{rate} a second: {took:?}");
        assert!(refused * 7 < requests, "{rate} a second: {refused} of {requests} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_pause_that_the_node_names() {
    let pacer = Pacer::default();
    let made = pacer.admit().await;
    pacer.record_refusal(made, Some(Duration::from_secs(17)));
    assert_eq!(pacer.wait(), Duration::from_secs(17));
    let begun = Instant::now();
    pacer.admit().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_refused_together_count_once() {
    let pacer = Pacer::default();
    let mut made = Vec::new();
    for _ in 0..16 {
        made.push(pacer.admit().await);
    }
    advance(Duration::from_millis(1)).await;
    for made in made {
        pacer.record_refusal(made, None);
    }
    assert_eq!(pacer.state().space, COUNTED / 15);
    assert!(pacer.wait() <= 2 * FIRST_PAUSE, "{:?}", pacer.wait());
}

#[tokio::test(start_paused = true)]
async fn what_is_urgent_comes_first() {
    let pacer = Arc::new(Pacer::default());
    let made = pacer.admit().await;
    pacer.record_refusal(made, None);
    let order = Arc::new(Mutex::new(Vec::new()));
    let ask = |name: &'static str| {
        let (pacer, order) = (pacer.clone(), order.clone());
        async move {
            for _ in 0..3 {
                pacer.admit().await;
                order.lock().unwrap().push(name);
            }
        }
    };
    let others = [tokio::spawn(ask("other")), tokio::spawn(ask("other"))];
    tokio::task::yield_now().await;
    tokio::spawn(urgent(ask("urgent"))).await.unwrap();
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(order.lock().unwrap()[..3], ["urgent"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_keeps_nobody_waiting() {
    let pacer = Pacer::default();
    let made = pacer.admit().await;
    pacer.record_refusal(made, Some(Duration::from_secs(5)));
    let given_up = tokio::time::timeout(Duration::from_secs(1), urgent(pacer.admit()));
    assert!(given_up.await.is_err());
    pacer.admit().await;
    assert_eq!(pacer.urgent.load(Ordering::Relaxed), 0);
}
