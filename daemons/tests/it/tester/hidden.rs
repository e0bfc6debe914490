//! What a worker sees of a tester that it would not see of a client.

use super::fixture::TesterFixture;
use super::mocks::Behavior;
use super::running::wait_until;
use crate::faulty_transport::messages_to;
use crate::probing::PROBES;

#[tokio::test(flavor = "multi_thread")]
async fn no_message_of_the_tester_to_itself_has_a_key_that_workers_know() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.workers[0].set_behavior(Behavior::ServiceDown);
    fixture.probe_window(0, &[PROBES]).await;
    assert_eq!(fixture.measured(0, 0).served, 0, "each failure was found to be the worker's");
    assert_eq!(fixture.request_count(0), 1);
    let received = messages_to(&fixture.chain.transport, fixture.window_key(0));
    assert_eq!(received, 1, "the worker's reply alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_is_cut_because_a_response_is_too_slow_to_count() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.workers[0].set_behavior(Behavior::Hanging);
    let first = fixture.probe_ticks(0, 0).await[0];
    fixture.probe_until(0, first + 1, true).await;
    assert_eq!(fixture.measured(0, 0).served, 0);
    let connections = fixture.workers[0].hanging_connections();
    assert!(!connections.is_empty() && connections.iter().all(|open| *open), "{connections:?}");
    // The endpoint works for all that anybody knows.
    fixture.workers[0].set_behavior(Behavior::Honest);
    fixture.probe_window(0, &[PROBES]).await;
    wait_until(async || fixture.measured(0, 0).served == PROBES - 1).await;
    assert_eq!(fixture.request_count(0), 1);
}
