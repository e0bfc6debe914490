//! What workers say of the jobs that they take, before anything is bought.

use muster_client::protocol::abi::Worker;
use muster_messaging::{Content, JobLimits, Message, MessageError, MessageKey, RefusalReason};
use tokio::time::{Duration, timeout};

use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::request_client::RequestClient;

/// How long a worker may take to say it. Whoever runs answers within a second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a worker says of the jobs that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobCapacity {
    /// It does not answer.
    Silent,
    /// It answers and knows no limits: a service of somebody else runs its jobs.
    Unknown,
    /// It takes jobs up to these limits.
    Limits(JobLimits),
}

/// What each of these workers says of the jobs that it takes. All are asked at the same time, under a fresh key.
///
/// # Errors
/// [`DaemonError::Message`] if messages cannot be sent.
pub async fn ask_job_capacity(
    context: &DaemonContext,
    workers: &[Worker],
) -> Result<Vec<JobCapacity>, DaemonError> {
    let requests = RequestClient::open(MessageKey::random(), context.transport().clone()).await?;
    let (chain_id, market) = (context.market().node().chain_id(), context.market().dispatcher());
    let ask = async |worker: &Worker| {
        let request = Message::request(chain_id, market, Content::JobLimitsRequest {});
        let reason = RefusalReason::LimitsUnknown;
        match timeout(ANSWER_TIMEOUT, requests.request(worker.key, request)).await {
            Ok(Ok(Content::JobLimits(limits))) => Ok(JobCapacity::Limits(limits)),
            Ok(Ok(reply)) if reply == (Content::Refusal { reason }) => Ok(JobCapacity::Unknown),
            // Refused, answered with nonsense, or registered with a key that is none.
            Ok(Ok(_) | Err(MessageError::InvalidKey(_))) | Err(_) => Ok(JobCapacity::Silent),
            Ok(Err(error)) => Err(error),
        }
    };
    Ok(futures::future::try_join_all(workers.iter().map(ask)).await?)
}
