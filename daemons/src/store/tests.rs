use std::os::unix::fs::PermissionsExt;

use alloy::primitives::{Address, B256};
use muster_client::ServiceReceipt;
use muster_messaging::{AccessGrant, Party, ReplayGuard as _};

use super::sights::Seen;
use super::{Identity, Role, Store};
use crate::error::StoreError;

const OURS: Identity = Identity {
    role: Role::Tester,
    chain: 412_346,
    dispatcher: Address::repeat_byte(1),
    account: Address::repeat_byte(2),
};
const DEAL: Address = Address::repeat_byte(3);

fn receipt(served: u32) -> ServiceReceipt {
    ServiceReceipt { served, r: B256::repeat_byte(4), vs: B256::repeat_byte(5) }
}

#[test]
fn a_state_file_has_one_owner_for_ever_and_is_for_its_eyes_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&path, &OURS).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::open(&path, &OURS), Err(StoreError::InUse(_))));
    drop(store);
    assert!(Store::open(&path, &OURS).is_ok());

    for other in [
        Identity { role: Role::Worker, ..OURS },
        Identity { chain: 1, ..OURS },
        Identity { dispatcher: DEAL, ..OURS },
        Identity { account: DEAL, ..OURS },
    ] {
        assert!(matches!(Store::open(&path, &other), Err(StoreError::Foreign { .. })), "{other}");
    }
}

#[test]
fn what_is_noted_is_there_after_the_file_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (session, hash) = (B256::repeat_byte(6), B256::repeat_byte(7));
    {
        let store = Store::open(&path, &OURS).unwrap();
        assert_eq!(store.secret("gateway", || [8; 32]).unwrap(), [8; 32]);
        assert_eq!(store.salt(DEAL, || B256::repeat_byte(9)).unwrap(), B256::repeat_byte(9));
        assert_eq!(store.serve(DEAL, session, hash, 0, 1).unwrap(), Some(0b1));
        store.found("bought", 10, hash, &[DEAL]).unwrap();
        store.note_endpoint(DEAL, 1, "http://127.0.0.1:1", "token").unwrap();
        assert!(store.insert_if_new(hash, u64::MAX >> 1).unwrap());
        assert!(store.insert_if_new(session, 1).unwrap());
    }
    let store = Store::open(&path, &OURS).unwrap();
    assert_eq!(store.secret("gateway", || [0; 32]).unwrap(), [8; 32]);
    assert_eq!(store.salt(DEAL, || B256::ZERO).unwrap(), B256::repeat_byte(9));
    assert_eq!(store.serve(DEAL, session, hash, 2, 1).unwrap(), Some(0b101));
    assert_eq!(store.cursor("bought").unwrap(), Some((10, hash)));
    assert_eq!(store.open_agreements().unwrap(), [DEAL]);
    let endpoint = Some(("http://127.0.0.1:1".to_owned(), "token".to_owned()));
    assert_eq!(store.endpoint(DEAL, 1).unwrap(), endpoint);
    assert!(store.contains(hash).unwrap());
    assert!(!store.insert_if_new(hash, u64::MAX >> 1).unwrap(), "it was read already");
    assert!(!store.contains(session).unwrap(), "nobody takes it any more, so it was forgotten");
}

#[test]
fn sessions_are_counted_for_each_key_of_an_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &OURS).unwrap();
    let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let [one, other] = [8, 9].map(B256::repeat_byte);
    assert_eq!(store.serve(DEAL, first, one, 3, 1).unwrap(), Some(0b1000));
    assert_eq!(store.serve(DEAL, second, one, 3, 1).unwrap(), None, "one session is the most");
    assert_eq!(store.serve(Address::ZERO, second, one, 3, 1).unwrap(), Some(0b1000));
    assert_eq!(store.serve(DEAL, first, other, 4, 1).unwrap(), Some(0b11000));
    assert_eq!(
        store.serve(DEAL, second, other, 4, 1).unwrap(),
        Some(0b10000),
        "that was the other's"
    );
}

#[test]
fn what_is_written_is_on_disk_before_it_is_acted_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &OURS).unwrap();
    let level = store.lock().pragma_query_value(None, "synchronous", |row| row.get(0));
    assert_eq!(level, Ok(2), "FULL: each commit waits for the disk");
}

#[test]
fn the_first_word_about_a_window_is_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &OURS).unwrap();
    store.saw(DEAL, 0, 3, None).unwrap();
    store.saw(DEAL, 0, 3, Some(&receipt(0b1000))).unwrap();
    assert_eq!(store.seen(DEAL, 0).unwrap(), Seen { failed: 0b1000, receipt: None });

    store.saw(DEAL, 0, 0, Some(&receipt(0b1))).unwrap();
    store.saw(DEAL, 0, 1, Some(&receipt(0b11))).unwrap();
    store.saw(DEAL, 0, 1, None).unwrap();
    let seen = store.seen(DEAL, 0).unwrap();
    assert_eq!(seen, Seen { failed: 0b1000, receipt: Some(receipt(0b11)) });
    assert_eq!(seen.looked_at(), 0b1011);
    assert_eq!(store.seen(DEAL, 1).unwrap(), Seen::default());

    store.close(DEAL).unwrap();
    assert_eq!(store.seen(DEAL, 0).unwrap(), Seen::default(), "what is over is forgotten");
}

#[test]
fn a_receipt_that_denies_a_failure_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &OURS).unwrap();
    store.saw(DEAL, 0, 0, Some(&receipt(0b1))).unwrap();
    store.saw(DEAL, 0, 1, None).unwrap();
    store.saw(DEAL, 0, 2, Some(&receipt(0b111))).unwrap();
    assert_eq!(store.seen(DEAL, 0).unwrap(), Seen { failed: 0b10, receipt: Some(receipt(0b1)) });
}

#[test]
fn an_agreement_that_is_found_again_is_open_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &OURS).unwrap();
    store.found("bought", 7, B256::ZERO, &[DEAL]).unwrap();
    store.close(DEAL).unwrap();
    assert!(store.open_agreements().unwrap().is_empty());
    store.found("bought", 5, B256::ZERO, &[DEAL]).unwrap();
    assert_eq!(store.open_agreements().unwrap(), [DEAL]);
}

#[test]
fn whoever_is_let_in_is_known_until_the_agreement_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let key = B256::repeat_byte(6);
    let parties = [
        Party::Client,
        Party::Delegate { until: 1_900_000_000 },
        Party::Tester { window: 0 },
        Party::Tester { window: 20 },
    ];
    for party in parties {
        let store = Store::open(&path, &OURS).unwrap();
        store.admit(&AccessGrant { agreement: DEAL, key, party }).unwrap();
        drop(store);
        let store = Store::open(&path, &OURS).unwrap();
        assert_eq!(store.party(DEAL, key).unwrap(), Some(party), "the latest word counts");
        assert_eq!(store.party(Address::ZERO, key).unwrap(), None);
    }
    let store = Store::open(&path, &OURS).unwrap();
    let party = Party::Delegate { until: u64::MAX };
    store.admit(&AccessGrant { agreement: DEAL, key, party }).unwrap();
    let until = u64::MAX >> 1;
    assert_eq!(store.party(DEAL, key).unwrap(), Some(Party::Delegate { until }));
    store.close(DEAL).unwrap();
    assert_eq!(store.party(DEAL, key).unwrap(), None);
}
