//! What a key knows of a worker's endpoint, for testers and clients alike: it is asked for when it is needed, and used until
//! a request fails.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use muster_messaging::Endpoint;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use crate::endpoint_request::EndpointFailure;

/// Who needs an endpoint so shortly after a message was sent waits for the reply to that message before it sends another.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// The endpoint of one worker for one key.
#[derive(Debug, Default)]
pub(crate) struct EndpointSlot {
    /// The endpoint, while it works.
    known: watch::Sender<Option<Arc<Endpoint>>>,
    /// The message that was sent last.
    newest: Mutex<Option<Sent>>,
}

/// A message that asks for the endpoint.
#[derive(Debug)]
struct Sent {
    /// When it was sent.
    at: Instant,
    /// Why it was in vain; closed without a failure if nobody waits for the reply any more.
    failure: watch::Receiver<Option<EndpointFailure>>,
}

/// What to do without an endpoint.
enum Turn {
    /// To wait for what comes of a message that was sent at this moment.
    Wait(Instant, watch::Receiver<Option<EndpointFailure>>),
    /// To send one, and say if it was in vain.
    Ask(watch::Sender<Option<EndpointFailure>>),
}

impl EndpointSlot {
    /// The endpoint, if it is known.
    pub(crate) fn known(&self) -> Option<Arc<Endpoint>> {
        self.known.borrow().clone()
    }

    /// The endpoint, which is asked for with `ask` if it is not known. Whoever waits for it gets any reply that comes. A
    /// failure is shared, but not that of a message that was sent before the endpoint was needed: the worker may have come back
    /// since, so it is asked again, after a second at once, and blamed for that message alone.
    pub(crate) async fn get(
        &self,
        ask: impl Future<Output = Result<Endpoint, EndpointFailure>>,
    ) -> Result<Arc<Endpoint>, EndpointFailure> {
        let mut known = self.known.subscribe();
        let known = async {
            let found = known.wait_for(Option::is_some).await;
            found.ok().and_then(|found| found.clone())
        };
        select! {
            biased;
            Some(endpoint) = known => Ok(endpoint),
            asked = self.ask(ask) => asked,
        }
    }

    /// Asks for the endpoint, or waits for what comes of a message that was just sent.
    async fn ask(
        &self,
        ask: impl Future<Output = Result<Endpoint, EndpointFailure>>,
    ) -> Result<Arc<Endpoint>, EndpointFailure> {
        let (ask, since) = (pin!(ask), Instant::now());
        let answered = loop {
            match self.turn() {
                Turn::Wait(sent, mut failure) => {
                    // Otherwise, who sent the message has given up, or it was sent too early.
                    if let Ok(failure) = failure.wait_for(Option::is_some).await
                        && let Some(failure) = *failure
                        && sent >= since
                    {
                        return Err(failure);
                    }
                }
                Turn::Ask(failure) => {
                    let asked = ask.await;
                    failure.send_replace(asked.as_ref().err().copied());
                    break asked;
                }
            }
        };
        answered.map(|endpoint| self.set(endpoint))
    }

    /// Whether to wait or to ask.
    fn turn(&self) -> Turn {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Sent { at, failure }) = &*newest
            && at.elapsed() < SHARED_FOR
            && failure.has_changed().is_ok()
            && failure.borrow().is_none()
        {
            return Turn::Wait(*at, failure.clone());
        }
        let (sender, failure) = watch::channel(None);
        *newest = Some(Sent { at: Instant::now(), failure });
        Turn::Ask(sender)
    }

    /// Uses an endpoint from now on.
    pub(crate) fn set(&self, endpoint: Endpoint) -> Arc<Endpoint> {
        let endpoint = Arc::new(endpoint);
        self.known.send_replace(Some(endpoint.clone()));
        endpoint
    }

    /// Forgets an endpoint that does not work, unless another one has replaced it.
    pub(crate) fn forget(&self, endpoint: &Arc<Endpoint>) {
        self.known.send_if_modified(|known| {
            known.take_if(|known| Arc::ptr_eq(known, endpoint)).is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{sleep, timeout};

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { url: "http://127.0.0.1:1".into(), token: "token".into(), application: None }
    }

    #[tokio::test]
    async fn an_endpoint_is_asked_for_until_it_is_known_and_again_when_it_does_not_work() {
        let slot = EndpointSlot::default();
        let failed = slot.get(ready(Err(EndpointFailure::NoReply))).await;
        assert_eq!((failed, slot.known()), (Err(EndpointFailure::NoReply), None));
        let first = slot.get(ready(Ok(endpoint()))).await.unwrap();
        let same = slot.get(async { panic!("it is known") }).await.unwrap();
        assert!(Arc::ptr_eq(&first, &same));
        slot.forget(&first);
        let second = slot.get(ready(Ok(endpoint()))).await.unwrap();
        slot.forget(&first);
        assert!(Arc::ptr_eq(&slot.known().unwrap(), &second), "another one has replaced it");
    }

    /// Asks for an endpoint, and gets this reply after some milliseconds.
    async fn reply(
        milliseconds: u64,
        reply: Result<Endpoint, EndpointFailure>,
    ) -> Result<Endpoint, EndpointFailure> {
        sleep(Duration::from_millis(milliseconds)).await;
        reply
    }

    /// What comes of needing an endpoint after some milliseconds, and how long that takes.
    async fn get_after(
        slot: &EndpointSlot,
        milliseconds: u64,
        ask: impl Future<Output = Result<Endpoint, EndpointFailure>>,
    ) -> (Option<EndpointFailure>, u128) {
        sleep(Duration::from_millis(milliseconds)).await;
        let begun = Instant::now();
        let failure = slot.get(ask).await.err();
        (failure, begun.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_fails_by_a_message_that_was_sent_before_it_needed_an_endpoint() {
        let slot = EndpointSlot::default();
        let [no_reply, not_sent] = [EndpointFailure::NoReply, EndpointFailure::NotSent];
        let (first, second, third, last) = tokio::join!(
            get_after(&slot, 0, reply(10_000, Err(no_reply))),
            get_after(&slot, 900, reply(2_000, Err(not_sent))),
            get_after(&slot, 2_000, reply(9_000, Err(not_sent))),
            get_after(&slot, 20_000, reply(1, Ok(endpoint()))),
        );
        // The second waits for the first, and then asks; the third does not wait before it asks.
        assert_eq!((first, second), ((Some(no_reply), 10_000), (Some(not_sent), 11_100)));
        assert_eq!((third, last), ((Some(not_sent), 9_000), (None, 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_share_the_failure_of_a_message_that_was_sent_while_they_waited() {
        let slot = EndpointSlot::default();
        let [no_reply, not_sent] = [EndpointFailure::NoReply, EndpointFailure::NotSent];
        let (first, second, third) = tokio::join!(
            get_after(&slot, 0, reply(10_000, Err(no_reply))),
            get_after(&slot, 100, reply(1_000, Err(not_sent))),
            get_after(&slot, 200, async { panic!("the second asks for both") }),
        );
        let expected = [(no_reply, 10_000), (not_sent, 10_900), (not_sent, 10_800)];
        assert_eq!([first, second, third], expected.map(|(failure, time)| (Some(failure), time)));
    }

    #[tokio::test(start_paused = true)]
    async fn every_request_gets_the_first_endpoint_that_comes() {
        let slot = EndpointSlot::default();
        let (first, second, third) = tokio::join!(
            get_after(&slot, 0, reply(10_000, Err(EndpointFailure::NoReply))),
            get_after(&slot, 3_000, reply(500, Ok(endpoint()))),
            get_after(&slot, 3_100, async { panic!("the second has just asked") }),
        );
        assert_eq!([first, second, third], [(None, 3_500), (None, 500), (None, 400)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_leaves_the_others_to_ask() {
        let slot = EndpointSlot::default();
        let given_up = timeout(Duration::from_millis(200), slot.get(pending()));
        let second = get_after(&slot, 100, reply(1, Ok(endpoint())));
        let (given_up, second) = tokio::join!(given_up, second);
        assert!(given_up.is_err());
        assert_eq!(second, (None, 101));
    }
}
