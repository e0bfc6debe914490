//! Runs of jobs: started, gone on with after a restart, cancelled.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use muster_client::{Ether, Market};
use muster_compute::{BlobError, Digest, Job};
use muster_daemons::StoredAnswer;
use muster_daemons::client::{
    Fitness, Found, HireOffer, HireRequest, Hired, JobReport, JobRequest, JobsError, check_program,
    find_agreement,
};

use crate::failure::{ErrorCode, Failure};
use crate::ledger::{LedgerError, Request, StoredRun};
use crate::limit::SpendingLimit;
use crate::run_body::RunBody;
use crate::run_wire::{AnswerInfo, ResultInfo, RunInfo, RunOutcome, RunState, RunVerdict};
use crate::shared::Shared;

impl Shared {
    /// Checks that everything that some jobs need is here, and that workers could run their program.
    ///
    /// # Errors
    /// [`ErrorCode::NoBlob`], [`ErrorCode::BadRequest`].
    pub(crate) fn check_jobs(&self, body: &RunBody, jobs: &[Job]) -> Result<(), Failure> {
        let blobs = self.jobs.blobs();
        for blob in jobs.iter().flat_map(Job::blobs) {
            if blobs.size(&blob)?.is_none() {
                return Err(BlobError::Missing(blob).into());
            }
        }
        let wasm = std::fs::read(blobs.path(&body.program));
        let wasm = wasm.map_err(|error| Failure::internal(&error))?;
        check_program(&wasm, &body.limits())
            .map_err(|error| Failure::bad_request(format!("the program: {error}")))
    }

    /// Starts jobs, each with its name. A job that is under way, or of which workers have agreed on a result, is not started again;
    /// if all are such, nothing is bought.
    ///
    /// # Errors
    /// [`ErrorCode::Refused`] if there is no agreement for them, [`ErrorCode::OverLimit`]; those of the market.
    pub(crate) async fn start_runs(
        self: &Arc<Self>,
        request: &Request,
        limit: SpendingLimit,
        body: &RunBody,
        jobs: Vec<(String, Job)>,
    ) -> Result<(), Failure> {
        let mut missing = Vec::new();
        for (name, job) in jobs {
            if !self.ledger.run(job.id())?.as_ref().is_some_and(is_settled) {
                missing.push((name, job));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let hired = self.hire(request, limit, body).await?;
        for (name, job) in missing {
            self.start_run(name, &job, hired)?;
        }
        Ok(())
    }

    /// The agreement for jobs: the one of the purchase that was made for this request before, the one that is named, one that runs,
    /// or one that is bought now.
    async fn hire(
        &self,
        request: &Request,
        limit: SpendingLimit,
        body: &RunBody,
    ) -> Result<Hired, Failure> {
        let (purchase, length) = (&body.purchase, body.purchase.as_ref().and_then(|p| p.length));
        let wanted = HireRequest {
            agreement: body.agreement,
            replicas: body.replicas,
            workers: purchase.as_ref().and_then(|purchase| purchase.workers),
            limits: body.limits(),
            length,
            testers: purchase.as_ref().and_then(|purchase| purchase.testers),
            first_block: self.first_block,
        };
        let _purchases = self.purchases.lock().await;
        let count = |workers: &[_]| u8::try_from(workers.len()).unwrap_or(u8::MAX);
        let hired = if let Some(made) = self.made_before(request).await? {
            wanted.hired(made.agreement, count(&made.workers))
        } else {
            match find_agreement(&self.context, &wanted, |_| Fitness::Free).await? {
                Found::Named(hired) | Found::Running { hired, .. } => hired,
                Found::Nothing { .. } => {
                    let offer = HireOffer::choose(&self.context, &wanted).await?;
                    let price = Ether::from(offer.price);
                    let Some(purchase) = purchase else {
                        let message = format!(
                            "no agreement runs that could be used, and one costs {price}: send `purchase` with `at_most` to buy it"
                        );
                        return Err(Failure::new(ErrorCode::Refused, message));
                    };
                    if offer.price > purchase.at_most.0 {
                        let at_most = Ether::from(purchase.at_most.0);
                        let message = format!(
                            "an agreement costs {price}, more than {at_most}: raise `purchase.at_most`, or shorten `purchase.length`"
                        );
                        return Err(Failure::new(ErrorCode::Refused, message));
                    }
                    let buy = async |market: &Market| Ok(offer.buy(market).await?);
                    let bought = self.buy(request, limit, offer.price, buy).await?;
                    wanted.hired(bought.agreement, count(&bought.workers))
                }
            }
        };
        // An agreement of somebody else is refused here.
        self.jobs.open(hired.agreement).await?;
        Ok(hired)
    }

    /// Records a run, and begins it.
    fn start_run(
        self: &Arc<Self>,
        name: String,
        job: &Job,
        hired: Hired,
    ) -> Result<(), LedgerError> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (id, document, state) = (job.id(), job.canonical().to_vec(), RunState::Running);
        let (outcome, failure) = (None, None);
        let run = StoredRun { id, hired, name, document, started, state, outcome, failure };
        self.ledger.start_run(&run)?;
        self.drive(run);
        Ok(())
    }

    /// Goes on with the runs that an earlier process has not ended.
    pub(crate) fn resume_runs(self: &Arc<Self>) -> Result<(), LedgerError> {
        for run in self.ledger.open_runs()? {
            self.drive(run);
        }
        Ok(())
    }

    /// Runs a job beside everything else, unless it is under way.
    fn drive(self: &Arc<Self>, run: StoredRun) {
        let (shared, id) = (self.clone(), run.id);
        let mut tasks = self.runs.tasks();
        tasks.entry(id).or_insert_with(|| {
            let task = tokio::spawn(async move {
                let failed = match Box::pin(shared.run(&run)).await {
                    Ok(outcome) => {
                        shared.ledger.end_run(id, RunState::Finished, Some(&outcome), None)
                    }
                    Err(reason) => shared.ledger.end_run(id, RunState::Failed, None, Some(&reason)),
                };
                if let Err(error) = failed {
                    tracing::error!(run = %id, %error, "end of a run not recorded");
                }
                shared.runs.tasks().remove(&id);
            });
            task.abort_handle()
        });
    }

    /// Runs a job until there is a verdict; or says why there will be none.
    async fn run(&self, run: &StoredRun) -> Result<RunOutcome, String> {
        let job = Job::parse(&run.document).map_err(|error| error.to_string())?;
        let Hired { agreement, replicas } = run.hired;
        let (label, verify_here) = (run.name.clone(), false);
        let request = JobRequest { job, label, replicas, verify_here };
        let ended = self.jobs.run(agreement, request).await;
        self.outcome(ended.map_err(|error| error.to_string())?)
    }

    /// What came of a run, with its evidence as a blob.
    fn outcome(&self, report: JobReport) -> Result<RunOutcome, String> {
        let JobReport { verdict, result, stderr, trap, evidence, .. } = report;
        let result = result.map(|result| ResultInfo::new(&result, trap, stderr));
        let keep = |path| {
            let text = std::fs::read(path).map_err(|error| error.to_string())?;
            self.jobs.blobs().put(&text).map_err(|error| error.to_string())
        };
        let evidence = evidence.map(keep).transpose()?;
        Ok(RunOutcome { verdict: verdict.into(), result, evidence })
    }

    /// Cancels a run here, and at its workers as far as they can be reached.
    ///
    /// # Errors
    /// [`ErrorCode::NoRun`]; [`ErrorCode::Refused`] if it has ended.
    pub(crate) async fn cancel_run(&self, id: Digest) -> Result<RunInfo, Failure> {
        let run = self.stored_run(id)?;
        if !self.ledger.end_run(id, RunState::Cancelled, None, None)? {
            let state = self.stored_run(id)?.state.name();
            let message = format!("the run is {state}: only one that is running can be cancelled");
            return Err(Failure::new(ErrorCode::Refused, message));
        }
        if let Some(task) = self.runs.tasks().remove(&id) {
            task.abort();
        }
        match self.jobs.open(run.hired.agreement).await {
            Ok(jobs) => match jobs.cancel(id).await {
                // It was not even recorded.
                Ok(()) | Err(JobsError::NoJob(_)) => {}
                Err(error) => return Err(Failure::internal(&error)),
            },
            Err(error) => tracing::warn!(run = %id, %error, "workers not told of a cancelled run"),
        }
        self.run_info(self.stored_run(id)?)
    }

    /// A run.
    ///
    /// # Errors
    /// [`ErrorCode::NoRun`].
    pub(crate) fn stored_run(&self, id: Digest) -> Result<StoredRun, Failure> {
        let missing = || Failure::new(ErrorCode::NoRun, format!("there is no run {id}"));
        self.ledger.run(id)?.ok_or_else(missing)
    }

    /// A run, with what workers have answered so far.
    pub(crate) fn run_info(&self, run: StoredRun) -> Result<RunInfo, Failure> {
        let answers = self.context.store().job_answers(run.id);
        let answers = answers.map_err(|error| Failure::internal(&error))?;
        let (verdict, result, evidence) = match run.outcome {
            Some(RunOutcome { verdict, result, evidence }) => (Some(verdict), result, evidence),
            None => (None, None, None),
        };
        let Hired { agreement, replicas } = run.hired;
        Ok(RunInfo {
            id: run.id,
            name: run.name,
            agreement,
            replicas,
            created: run.started,
            state: run.state,
            verdict,
            result,
            answers: answers.into_iter().map(answer_info).collect(),
            evidence,
            failure: run.failure,
        })
    }
}

/// Whether a run need not be started: it is under way, or workers have agreed.
fn is_settled(run: &StoredRun) -> bool {
    let verdict = run.outcome.as_ref().map(|outcome| outcome.verdict);
    run.state == RunState::Running || verdict == Some(RunVerdict::Agreed)
}

/// What a worker has answered.
fn answer_info(answer: StoredAnswer) -> AnswerInfo {
    let StoredAnswer { worker, agreement, result, cpu_ms, trap, failure, .. } = answer;
    let (result, signature) = result.unzip();
    AnswerInfo {
        worker,
        agreement,
        result: result.and_then(|result| result.digest().ok()),
        signature: signature.map(|signature| signature.to_string()),
        cpu_ms,
        trap,
        failure,
    }
}
