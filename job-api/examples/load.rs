//! How many jobs a worker runs: `load URL [JOBS [AT_ONCE]]`, with the token of its gateway in `MUSTER_TOKEN`.
//!
//! Each job computes for about a millisecond and has another seed, so each is a new one. Prints jobs in a second, the
//! median from the post to the signed result, and the time within which 99 of 100 were done.

use futures::{StreamExt, TryStreamExt, stream};
use muster_compute::{Digest, Job, JobDocument};
use muster_job_api::{JobState, JobStatus};
use reqwest::{Client, Method, RequestBuilder};
use std::{
    env,
    error::Error,
    time::{Duration, Instant},
};

/// The tool's errors.
type AnyError = Box<dyn Error>;

/// Adds up a million numbers: about a millisecond.
const PROGRAM: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start") (local $i i32) (local $sum i32)
        (loop $more
            (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 5)) (local.get $i)))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000))))
        (i32.store (i32.const 0) (local.get $sum))))"#;

/// A worker's API.
struct Worker {
    /// Sends requests.
    client: Client,
    /// Where the API begins.
    url: String,
    /// Opens the gateway, if there is one.
    token: Option<String>,
}

impl Worker {
    /// A request to a path.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Posts a job and waits for its result.
    async fn run(&self, module: Digest, seed: usize) -> Result<Duration, AnyError> {
        let mut document = JobDocument::new(module);
        document.arguments = vec!["load".to_owned(), seed.to_string()];
        let job = Job::new(document)?;
        let start = Instant::now();
        let post = self.request(Method::POST, "/jobs").json(job.document()).send().await?;
        let mut status: JobStatus = post.error_for_status()?.json().await?;
        while matches!(status.state, JobState::Waiting | JobState::Running) {
            let path = format!("/jobs/{}?wait=10000", job.id());
            let get = self.request(Method::GET, &path).send().await?;
            status = get.error_for_status()?.json().await?;
        }
        let elapsed = start.elapsed();
        if status.result.is_none() {
            return Err(format!("no result: {status:?}").into());
        }
        Ok(elapsed)
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "numbers are its purpose")]
async fn main() -> Result<(), AnyError> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: load URL [JOBS [AT_ONCE]]";
    let url = arguments.next().ok_or(usage)?.trim_end_matches('/').to_owned();
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (jobs, at_once) = (number(1_000)?.max(1), number(4)?.max(1));
    let worker = Worker { client: Client::new(), url, token: env::var("MUSTER_TOKEN").ok() };

    let bytes = wat::parse_str(PROGRAM)?;
    let module = Digest::of(&bytes);
    let put = worker.request(Method::PUT, &format!("/blobs/{module}")).body(bytes);
    put.send().await?.error_for_status()?;
    let seed = usize::try_from(std::process::id())?.saturating_mul(1_000_000);
    // Compiles the module.
    worker.run(module, seed).await?;

    let start = Instant::now();
    let seeds =
        stream::iter(1..=jobs).map(|number| worker.run(module, seed.saturating_add(number)));
    let mut times: Vec<Duration> = seeds.buffer_unordered(at_once).try_collect().await?;
    let all = start.elapsed();
    times.sort();
    let within = |percent: usize| {
        let index = jobs.saturating_mul(percent).div_euclid(100).min(jobs.saturating_sub(1));
        times.get(index).copied().unwrap_or_default().as_micros()
    };
    let rate = u128::try_from(jobs)?.saturating_mul(1_000_000).div_euclid(all.as_micros().max(1));
    println!("{jobs} {at_once} {rate} {} {}", within(50), within(99));
    Ok(())
}
