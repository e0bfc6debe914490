//! What a key knows of a worker's endpoint, for testers and clients alike: it is asked for when it is needed, and used until
//! a request fails.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use muster_messaging::Endpoint;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::endpoint_request::EndpointFailure;

/// The endpoint of one worker for one key.
#[derive(Debug, Default)]
pub(crate) struct EndpointSlot {
    /// The endpoint, while it works.
    known: RwLock<Option<Arc<Endpoint>>>,
    /// Held while the worker is asked: when it was last asked in vain, and what came of it.
    last_failure: Mutex<Option<(Instant, EndpointFailure)>>,
}

impl EndpointSlot {
    /// The endpoint, if it is known.
    pub(crate) fn known(&self) -> Option<Arc<Endpoint>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The endpoint, which is asked for with `ask` if it is not known. Requests that wait for it at the same time share a
    /// reply. They share a failure as well, but not one of a message that was sent before they needed it: the worker may have
    /// come back since.
    pub(crate) async fn get(
        &self,
        ask: impl Future<Output = Result<Endpoint, EndpointFailure>>,
    ) -> Result<Arc<Endpoint>, EndpointFailure> {
        let since = Instant::now();
        let mut last_failure = self.last_failure.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        if let Some((asked, failure)) = *last_failure
            && asked >= since
        {
            return Err(failure);
        }
        let asked = Instant::now();
        match ask.await {
            Ok(endpoint) => Ok(self.set(endpoint)),
            Err(failure) => {
                *last_failure = Some((asked, failure));
                Err(failure)
            }
        }
    }

    /// Uses an endpoint from now on.
    pub(crate) fn set(&self, endpoint: Endpoint) -> Arc<Endpoint> {
        let endpoint = Arc::new(endpoint);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(endpoint.clone());
        endpoint
    }

    /// Forgets an endpoint that does not work, unless another one has replaced it.
    pub(crate) fn forget(&self, endpoint: &Arc<Endpoint>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.take_if(|known| Arc::ptr_eq(known, endpoint));
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::sync::oneshot;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { url: "http://127.0.0.1:1".into(), token: "token".into() }
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

    #[tokio::test]
    async fn requests_share_the_failure_of_a_message_that_was_sent_while_they_waited() {
        let slot = EndpointSlot::default();
        let (sender, reply) = oneshot::channel();
        let first = slot.get(async { Err(reply.await.unwrap()) });
        // The message of the first was sent before.
        let second = slot.get(ready(Err(EndpointFailure::NotSent)));
        let third = slot.get(async { panic!("the second asks for both") });
        let replying = async { sender.send(EndpointFailure::NoReply).unwrap() };
        let (first, second, third, ()) = tokio::join!(first, second, third, replying);
        let failures = [first, second, third].map(Result::unwrap_err);
        let [no_reply, not_sent] = [EndpointFailure::NoReply, EndpointFailure::NotSent];
        assert_eq!(failures, [no_reply, not_sent, not_sent]);
        let later = slot.get(ready(Ok(endpoint()))).await;
        assert!(later.is_ok(), "who comes later asks again");
    }
}
