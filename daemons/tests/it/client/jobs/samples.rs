//! Which of the client's jobs testers get, and that they are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use muster_client::message_key;
use muster_compute::{Digest, Job, Outcome};
use muster_messaging::{
    Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, RefusalReason, SampleInfo,
    SampleList, SamplePiece,
};
use stylus_devnode::CHAIN_ID;

use super::JobsFixture;
use crate::client::wait_until;
use crate::job_worker::{Manner, result_of};

/// A tester that asks the client.
struct Asking<'a> {
    fixture: &'a JobsFixture,
    mailbox: Mailbox,
    window: u8,
    place: u32,
}

impl<'a> Asking<'a> {
    /// The tester that has a seat in the first window.
    async fn start(fixture: &'a JobsFixture) -> Self {
        let mut seated = None;
        for signer in &fixture.testers {
            let seats = fixture.agreement.seats(signer.address()).await.unwrap();
            if seats & 1 == 1 {
                seated = Some(signer);
            }
        }
        Self::with(fixture, seated.unwrap()).await
    }

    /// This tester.
    async fn with(fixture: &'a JobsFixture, signer: &PrivateKeySigner) -> Self {
        let market = fixture.agreement.market();
        let epoch = fixture.agreement.terms().header.epoch;
        let place = market.place(signer.address(), epoch).await.unwrap().unwrap_or_default();
        let key = MessageKey::from_signer(signer).unwrap();
        let guard = Arc::new(InMemoryReplayGuard::new(256));
        let transport = fixture.chain.transport.clone();
        let mailbox = Mailbox::open(key, transport, guard).await.unwrap();
        Self { fixture, mailbox, window: 0, place }
    }

    /// Asks the client.
    async fn ask(&mut self, content: Content) -> Content {
        let request = Message::request(CHAIN_ID, self.fixture.agreement.address(), content);
        let client = message_key(&self.fixture.client);
        self.mailbox.send(client, &request).await.unwrap();
        loop {
            let delivery = self.mailbox.next().await.unwrap();
            if delivery.is_reply_to(client, &request) {
                return delivery.message.content;
            }
        }
    }

    /// The list for a worker.
    async fn list(&mut self, worker: u8) -> SampleList {
        let (window, place) = (self.window, self.place);
        let request = Content::SampleListRequest { window, place, worker };
        match self.ask(request).await {
            Content::SampleList(list) => list,
            other => panic!("{other:?}"),
        }
    }

    /// A piece.
    async fn piece(&mut self, job: B256, blob: B256, offset: u32) -> Content {
        let (window, place) = (self.window, self.place);
        self.ask(Content::SamplePieceRequest { window, place, job, blob, offset }).await
    }
}

/// The bytes of a digest.
const fn word(digest: Digest) -> B256 {
    B256::new(*digest.as_bytes())
}

/// The ids of some samples.
fn ids(samples: &[SampleInfo]) -> BTreeSet<B256> {
    samples.iter().map(|info| info.job).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn testers_get_what_a_worker_has_not_seen_and_what_it_got_and_disputed_jobs_first() {
    let fixture = JobsFixture::start_tested(&[Manner::Honest; 3], 3).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let store = context.store();

    // Two workers agree on the first job. All three run the second, and one of them lies.
    let mut ids_of_jobs = Vec::new();
    for (number, replicas, manner) in [("0", 2, Manner::Honest), ("1", 3, Manner::Lies(1))] {
        fixture.workers[0].1.behave(manner);
        let request = fixture.request(number, replicas);
        let id = request.job.id();
        let report = jobs.run(request).await.unwrap();
        assert_eq!(report.result, Some(result_of(id, Outcome::Exit(0))));
        assert_eq!(report.evidence.is_some(), manner != Manner::Honest);
        ids_of_jobs.push(id);
    }
    let workers =
        store.job_answers(ids_of_jobs[0]).unwrap().into_iter().map(|answer| answer.worker);
    let agreed = BTreeMap::from([(word(ids_of_jobs[0]), workers.collect::<BTreeSet<_>>())]);
    let disputed = BTreeSet::from([word(ids_of_jobs[1])]);

    let mut asking = Asking::start(&fixture).await;
    for (index, (signer, ..)) in (0..).zip(&fixture.workers) {
        let SampleList { unseen, sent, .. } = asking.list(index).await;
        let of_worker = agreed.iter().filter(|(_, workers)| workers.contains(&signer.address()));
        let seen: BTreeSet<_> = of_worker.map(|(job, _)| *job).collect();
        let others = agreed.keys().copied().filter(|job| !seen.contains(job)).collect();
        assert_eq!(ids(&unseen), others, "worker {index}");
        let (first, rest) = sent.split_at(disputed.len());
        assert_eq!((ids(first), ids(rest)), (disputed.clone(), seen), "worker {index}");
    }

    // Document and module are whole, and nothing else is to be had.
    let job = *disputed.first().unwrap();
    let document = store.job(Digest::from_bytes(job.0)).unwrap().unwrap().document;
    let size = u32::try_from(document.len()).unwrap();
    let module = Job::parse(&document).unwrap().document().module;
    let piece = asking.piece(job, job, 0).await;
    assert_eq!(piece, Content::SamplePiece(SamplePiece { size, bytes: document }));
    let piece = asking.piece(job, word(module), 0).await;
    let bytes = b"module".to_vec();
    assert_eq!(piece, Content::SamplePiece(SamplePiece { size: 6, bytes }));
    let none = Content::Refusal { reason: RefusalReason::NoSample };
    let output = word(Digest::of(&crate::job_worker::output_of(Digest::from_bytes(job.0))));
    for (job, blob, offset) in [
        (job, output, 0),
        (job, word(module), 8_192),
        (job, job, 8_192),
        (B256::ZERO, word(module), 0),
        (word(module), word(module), 0),
    ] {
        assert_eq!(asking.piece(job, blob, offset).await, none, "{blob} from {offset}");
    }
    let stranger = fixture.chain.new_account();
    let mut stranger = Asking::with(&fixture, &stranger).await;
    let refused = Content::Refusal { reason: RefusalReason::NoSeat };
    assert_eq!(stranger.piece(job, job, 0).await, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_are_unseen_and_large_or_cancelled_ones_are_kept_from_testers() {
    let fixture = JobsFixture::start_tested(&[Manner::Idle], 3).await;
    let context = fixture.context().await;
    let (jobs, _running) = fixture.jobs(&context).await;
    let requests: Vec<_> = (0..7).map(|n| fixture.request(&n.to_string(), 1)).collect();
    let mut large = fixture.request("large", 1);
    let mut document = large.job.document().clone();
    document.stdin = Some(fixture.blobs().put(&vec![7; 1 << 20]).unwrap());
    large.job = Job::new(document).unwrap();
    let all: Vec<_> = requests.iter().chain([&large]).map(|request| request.job.id()).collect();
    let mut running = Vec::new();
    for request in requests.into_iter().chain([large]) {
        let jobs = jobs.clone();
        running.push(tokio::spawn(async move { jobs.run(request).await }));
    }
    let store = context.store();
    // Four are under way at once, the others wait.
    let is_sent = |id: &Digest| !store.job_answers(*id).unwrap().is_empty();
    wait_until(async || store.jobs().unwrap().len() == 8).await;
    wait_until(async || all.iter().filter(|id| is_sent(id)).count() == 4).await;
    let cancelled = all[..7].iter().find(|id| !is_sent(id)).unwrap();
    store.cancel_job(*cancelled).unwrap();

    let mut asking = Asking::start(&fixture).await;
    let SampleList { unseen, sent, .. } = asking.list(0).await;
    let small = || all[..7].iter().filter(|id| *id != cancelled);
    let expected = |is: bool| small().filter(|id| is_sent(id) == is).map(|id| word(*id)).collect();
    assert_eq!((ids(&unseen), ids(&sent)), (expected(false), expected(true)));
    let none = Content::Refusal { reason: RefusalReason::NoSample };
    for hidden in [word(*cancelled), word(all[7])] {
        assert_eq!(asking.piece(hidden, hidden, 0).await, none);
    }
    for task in running {
        task.abort();
    }
}
