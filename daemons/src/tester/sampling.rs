//! Collects samples for the probes of one worker in one window.
//!
//! The client must not know when a worker is probed: it could keep the worker busy just then, and would not have to pay for
//! it. So samples are asked for at moments that do not depend on those of probes, as many as there are probes.

use std::ops::Range;
use std::sync::Arc;

use muster_messaging::SampleInfo;

use super::job_pool::JobPool;
use super::seat::Seat;
use crate::schedule::{Moment, draw};

/// Collects samples: one when the key is opened, and the others at random moments until the end of the window.
pub(super) async fn collect_samples(
    seat: Arc<Seat>,
    index: u8,
    jobs: Arc<JobPool>,
    ticks: Range<u64>,
) {
    let context = &seat.probe_context;
    context.clock.wait_for(Moment { tick: ticks.start, fraction: 0 }).await;
    jobs.prepare().await;
    // A client that sends no pass sends no samples.
    seat.pass_arrived().await;
    let seed = context.moments(seat.agreement.address(), &seat.subject(index, b"samples"));
    let probes = seat.agreement.terms().header.probes;
    let mut moments: Vec<_> = (1..probes).map(|number| draw(seed, number, &ticks)).collect();
    // Those that have passed are not made up for.
    moments.retain(|moment| moment.tick > context.clock.now());
    moments.sort_unstable();
    collect_sample(&seat, index, &jobs).await;
    for moment in moments {
        context.clock.wait_for(moment).await;
        collect_sample(&seat, index, &jobs).await;
    }
}

/// Collects one sample, if the client has one that can be run here.
async fn collect_sample(seat: &Seat, index: u8, jobs: &JobPool) {
    let agreement = seat.agreement.address();
    let Some(list) = seat.list_samples(index).await else { return };
    if let Some(info) = list.service.filter(|info| jobs.choose_service(info)) {
        collect_service(seat, &info, jobs).await;
    }
    let Some((kind, info)) = jobs.choose(&list) else { return };
    let bundle = match seat.fetch_sample(&info).await {
        Ok(bundle) => bundle,
        Err(error) => {
            return tracing::debug!(%agreement, job = %info.job, %error, "no sample");
        }
    };
    match seat.probe_context.reference.run(bundle).await {
        Ok(job) => jobs.add(kind, job),
        // It is not held against a worker that nobody else can run it.
        Err(error) => {
            tracing::debug!(%agreement, job = %info.job, %error, "sample without a reference");
        }
    }
}

/// Collects the checks of the client's service, if it can be run here.
async fn collect_service(seat: &Seat, info: &SampleInfo, jobs: &JobPool) {
    let (agreement, context) = (seat.agreement.address(), &seat.probe_context);
    let fetched = match seat.fetch_service(info).await {
        Ok(fetched) => fetched,
        Err(error) => {
            jobs.forget_service(info);
            return tracing::debug!(%agreement, checks = %info.job, %error, "no checks of a service");
        }
    };
    let (checks, component) = fetched;
    match context.reference.run_service(checks, component, context.slow_after).await {
        Ok(service) => jobs.add_service(service),
        Err(error) => {
            tracing::debug!(%agreement, checks = %info.job, %error, "service without a reference");
        }
    }
}
