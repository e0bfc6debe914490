//! What an index must say: of accounts, of an agreement, in lists and in statements.

use alloy::primitives::{Address, FixedBytes};
use muster_client::{Market, state_text, window_shares};
use muster_index::{Index, query};
use serde_json::json;

use crate::harness::TestMarket;

/// Asserts that the index says of these accounts what the chain says.
pub(super) async fn assert_agrees(index: &Index, market: &Market, accounts: &[Address]) {
    let (id, _) = index.markets().unwrap()[0];
    for account in accounts {
        let indexed = index.read(|transaction| query::worker(transaction, id, *account)).unwrap();
        let summary = index.read(|transaction| query::account(transaction, id, *account)).unwrap();
        assert_eq!(summary.credit.0, market.credit(*account).await.unwrap(), "{account}");
        let Ok(chain) = market.worker(*account).await else {
            assert_eq!(indexed, None, "{account} is not registered");
            continue;
        };
        let indexed = indexed.unwrap();
        assert_eq!(
            (indexed.number, indexed.application.0, indexed.key.0, indexed.price.0),
            (chain.number, chain.application, chain.key, chain.price)
        );
        assert_eq!(
            (indexed.max_length, indexed.promise, indexed.capacity, indexed.active),
            (chain.maxLength, chain.promised, chain.capacity, chain.active),
            "{account}"
        );
        assert_eq!(
            (indexed.available, indexed.listed, indexed.stake.0, indexed.locked.0),
            (chain.available, chain.listed, chain.stake, chain.locked),
            "{account}"
        );
        assert_eq!(
            (indexed.misses, indexed.last_epoch, indexed.score),
            (chain.misses, chain.lastEpoch, chain.score),
            "{account}"
        );
    }
}

/// What the index says of an agreement. Its state, its times and its open calls are those that the contract says.
pub(super) async fn agreement(index: &Index, market: &Market, address: &str) -> query::Agreement {
    let address: Address = address.parse().unwrap();
    let (id, _) = index.markets().unwrap()[0];
    let found = index.read(|transaction| query::agreement(transaction, id, address)).unwrap();
    let (indexed, chain) = (found.unwrap(), market.agreement(address).await.unwrap());
    let progress = chain.progress().await.unwrap();
    let state = state_text(chain.state().await.unwrap());
    let times = (chain.escrow(), progress.start(), chain.times(&progress).end());
    let ours = &indexed.summary;
    assert_eq!((ours.state, (ours.escrow.0, ours.start, ours.end)), (state, times), "{address}");
    let calls: Vec<_> = indexed.calls.iter().map(|call| call.call).collect();
    let open = chain.open_calls().await.unwrap();
    assert_eq!(calls, open.names().collect::<Vec<_>>(), "{address}");
    assert_eq!((indexed.accept_until, indexed.due), (open.last_accept, open.due), "{address}");
    let shares = window_shares(chain.terms(), &progress, &chain.reports().await.unwrap());
    for (ours, theirs) in indexed.workers.iter().zip(shares).filter(|_| progress.start() != 0) {
        let medians: Vec<_> = theirs.iter().map(muster_client::WindowShares::median).collect();
        assert_eq!(ours.windows.iter().map(|window| window.share).collect::<Vec<_>>(), medians);
    }
    indexed
}

/// Lists of the index, after the life of the market in the test below.
pub(super) fn assert_lists(index: &Index, [ada, ben, cleo]: [Address; 3], events: usize) {
    let (id, identity) = index.markets().unwrap()[0];
    let of = |filter: query::AgreementFilter| {
        let page = index.read(|transaction| query::agreements(transaction, id, &filter)).unwrap();
        page.items.iter().map(|agreement| agreement.number).collect::<Vec<_>>()
    };
    let all = query::AgreementFilter::default;
    assert_eq!(of(all()), [3, 2, 1]);
    assert_eq!(of(query::AgreementFilter { client: Some(cleo), ..all() }), [3, 2, 1]);
    assert_eq!(of(query::AgreementFilter { client: Some(ada), ..all() }), [0_u32; 0]);
    assert_eq!(of(query::AgreementFilter { worker: Some(ben), ..all() }), [3, 1]);
    assert_eq!(
        of(query::AgreementFilter { after: Some("3".to_owned()), limit: Some(1), ..all() }),
        [2]
    );
    let settled = Some(query::AgreementState::Settled);
    assert_eq!(of(query::AgreementFilter { state: settled, ..all() }), [2, 1]);

    let application = FixedBytes::ZERO;
    let workers = |filter: query::WorkerFilter| {
        index.read(|transaction| query::workers(transaction, id, &filter)).unwrap()
    };
    let by_price = query::WorkerFilter {
        application: Some(application),
        listed: None,
        order: query::WorkerOrder::Price,
        limit: Some(1),
        ..query::WorkerFilter::default()
    };
    let first = workers(by_price.clone());
    let found: Vec<_> = first.items.iter().map(|worker| worker.account.0).collect();
    assert_eq!((found, first.next), (vec![ada], None), "ben was absent, so it is in no book");
    let other = query::WorkerFilter { listed: Some(false), ..by_price.clone() };
    assert_eq!(workers(other).items[0].account.0, ben);
    let everybody = workers(query::WorkerFilter::default());
    assert_eq!((everybody.items.len(), everybody.next), (5, None));

    index
        .read(|transaction| {
            let now = query::status(transaction)?[0].head_time.unwrap();
            let paid =
                query::prices(transaction, id, application, now.saturating_sub(86_400), now)?;
            assert_eq!(paid.iter().map(|day| day.count).sum::<u64>(), 4);
            assert_eq!(paid[0].min.0, 1_000_000_000);
            let history = query::worker_history(transaction, id, ada)?;
            assert_eq!(history.prices[0].price.0, 1_000_000_000);
            assert_eq!(history.scores.len(), 2, "two agreements were settled");
            assert_eq!(query::tester(transaction, id, ada)?, None);
            let (mut seen, mut filter) = (Vec::new(), query::EventFilter::default());
            filter.limit = Some(7);
            loop {
                let page = query::events(transaction, id, &filter)?;
                seen.extend(page.items);
                let Some(next) = page.next else { break };
                filter.after = Some(next);
            }
            assert_eq!(seen.len(), events);
            let registered = &seen[0];
            assert_eq!(registered.event, "WorkerRegistered");
            assert_eq!(registered.contract.0, identity.dispatcher);
            assert_eq!(registered.arguments["stake"], "500000000000000000");
            let about = query::EventFilter { subject: Some(ben), ..query::EventFilter::default() };
            let about = query::events(transaction, id, &about)?;
            assert!(about.items.len() < events && !about.items.is_empty());
            Ok(())
        })
        .unwrap();
}

/// Asserts that the index has the entries that `muster statement` makes of the chain, gas apart.
pub(super) fn assert_statement(test_market: &TestMarket, index: &Index, account: Address) {
    let (id, _) = index.markets().unwrap()[0];
    let all = query::StatementFilter::default();
    let page = index.read(|transaction| query::statement(transaction, id, account, &all)).unwrap();
    let ours = page
        .items
        .into_iter()
        .map(|entry| json!([entry.time, entry.block, entry.entry, entry.agreement.to_string()]));
    let month = jiff::Zoned::now().strftime("%Y-%m").to_string();
    let shown = test_market.folder.json(&format!("statement {account} --month {month}"));
    let theirs = shown["entries"].as_array().unwrap().iter().filter(|row| row["entry"] != "gas");
    let theirs =
        theirs.map(|row| json!([row["time"], row["block"], row["entry"], row["agreement"]]));
    assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
}
