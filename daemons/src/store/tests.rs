use std::os::unix::fs::PermissionsExt;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::{ServiceReceipt, failed_entry};
use muster_compute::Digest;
use muster_messaging::{
    AccessGrant, ApplicationCommitment, Delegation, Party, Pass, ReplayGuard as _,
};
use secrecy::ExposeSecret;

use super::{EndpointId, Identity, Measurement, ProbeId, Role, Store, StoreError};

const IDENTITY: Identity = Identity {
    role: Role::Tester,
    chain: 412_346,
    dispatcher: Address::repeat_byte(1),
    account: Address::repeat_byte(2),
};
pub(super) const AGREEMENT: Address = Address::repeat_byte(3);
const ENDPOINT: EndpointId = EndpointId { agreement: AGREEMENT, window: 2, slot: 5, worker: 1 };

/// A receipt for parts of window 3.
fn receipt(parts: u32) -> ServiceReceipt {
    ServiceReceipt { window: 3, parts, r: B256::repeat_byte(4), vs: B256::repeat_byte(5) }
}

/// Probe number `number` of worker 0 in window 3.
const fn probe(number: u8) -> ProbeId {
    ProbeId { agreement: AGREEMENT, worker: 0, window: 3, number }
}

/// What was measured of worker 0 in window 3 before a tick.
fn measured(store: &Store, until: u64) -> Measurement {
    store.measurement(AGREEMENT, 0, 3, until).unwrap()
}

/// An open state file of its own.
pub(super) fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    (folder, store)
}

#[test]
fn state_file_is_private_and_bound_to_one_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&path, &IDENTITY).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::open(&path, &IDENTITY), Err(StoreError::InUse(_))));
    drop(store);
    assert!(Store::open(&path, &IDENTITY).is_ok());

    for other in [
        Identity { role: Role::Worker, ..IDENTITY },
        Identity { chain: 1, ..IDENTITY },
        Identity { dispatcher: AGREEMENT, ..IDENTITY },
        Identity { account: AGREEMENT, ..IDENTITY },
    ] {
        assert!(
            matches!(Store::open(&path, &other), Err(StoreError::IdentityMismatch { .. })),
            "{other}"
        );
    }
}

#[test]
fn state_file_is_bound_to_the_block_of_its_market() {
    let (folder, store) = open();
    let path = folder.path().join("state.db");
    let [first, second] = [1, 2].map(B256::repeat_byte);
    store.bind_to_market(&path, 7, first).unwrap();
    store.bind_to_market(&path, 7, first).unwrap();
    let other = store.bind_to_market(&path, 7, second);
    assert!(
        matches!(&other, Err(StoreError::OtherMarket { theirs, ours, .. }) if (*theirs, *ours) == (first, second)),
        "{other:?}"
    );
}

#[test]
fn state_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (session, hash) = (B256::repeat_byte(6), B256::repeat_byte(7));
    let (secret, salt) = {
        let store = Store::open(&path, &IDENTITY).unwrap();
        let (secret, salt) = (
            store.secret("gateway").unwrap(),
            store.session_salt(AGREEMENT, || B256::repeat_byte(9)).unwrap(),
        );
        assert_ne!(secret.expose_secret(), &[0; 32]);
        assert_eq!(salt, B256::repeat_byte(9));
        assert_eq!(store.record_served(AGREEMENT, session, hash, (2, 0), 1).unwrap(), Some(0b1));
        store.record_scan("bought", 10, hash, &[AGREEMENT]).unwrap();
        store.save_endpoint(&ENDPOINT, "http://127.0.0.1:1", "token").unwrap();
        assert!(store.begin_probe(&probe(0), 100).unwrap());
        store.record_accept(AGREEMENT, 0, 100).unwrap();
        assert!(store.insert_if_new(&[hash], u64::MAX >> 1).unwrap());
        assert!(store.insert_if_new(&[session], 1).unwrap());
        (secret, salt)
    };
    let store = Store::open(&path, &IDENTITY).unwrap();
    assert_eq!(store.secret("gateway").unwrap().expose_secret(), secret.expose_secret());
    assert_eq!(store.session_salt(AGREEMENT, || B256::ZERO).unwrap(), salt);
    assert_eq!(store.record_served(AGREEMENT, session, hash, (2, 2), 1).unwrap(), Some(0b101));
    assert_eq!(store.cursor("bought").unwrap(), Some((10, hash)));
    assert_eq!(store.open_agreements().unwrap(), [AGREEMENT]);
    let endpoint = Some(("http://127.0.0.1:1".to_owned(), "token".to_owned()));
    assert_eq!(store.endpoint(&ENDPOINT).unwrap(), endpoint);
    assert_eq!(store.endpoint(&EndpointId { slot: 6, ..ENDPOINT }).unwrap(), None);
    assert!(!store.begin_probe(&probe(0), 100).unwrap(), "it was begun before");
    store.record_accept(AGREEMENT, 0, 105).unwrap();
    assert_eq!(store.accepted_at(AGREEMENT, 0).unwrap(), Some(100));
    assert_eq!(store.accepted_at(AGREEMENT, 1).unwrap(), None);
    assert!(store.contains(hash).unwrap());
    let other = B256::repeat_byte(8);
    assert!(!store.insert_if_new(&[other, hash], u64::MAX >> 1).unwrap(), "it was received before");
    assert!(!store.contains(other).unwrap(), "ids are recorded together");
    assert!(store.insert_if_new(&[other], u64::MAX >> 1).unwrap());
    assert!(!store.contains(session).unwrap(), "an expired id is deleted");
}

#[test]
fn session_limit_is_per_key_window_and_agreement() {
    let (_folder, store) = open();
    let sessions = [1, 2, 3].map(B256::repeat_byte);
    let [one, other] = [8, 9].map(B256::repeat_byte);
    let served = |agreement, session: usize, key, at| {
        store.record_served(agreement, sessions[session], key, at, 1).unwrap()
    };
    assert_eq!(served(AGREEMENT, 0, one, (1, 3)), Some(0b1000));
    assert_eq!(served(AGREEMENT, 1, one, (1, 3)), None, "one session is the limit");
    assert_eq!(served(Address::ZERO, 1, one, (1, 3)), Some(0b1000));
    assert_eq!(served(AGREEMENT, 0, other, (1, 4)), Some(0b11000));
    assert_eq!(served(AGREEMENT, 1, other, (1, 4)), Some(0b10000), "the other key's first");
    assert_eq!(served(AGREEMENT, 2, one, (2, 0)), Some(0b1), "it is another window");
}

#[test]
fn sessions_of_old_windows_are_forgotten() {
    let (_folder, store) = open();
    let [session, key] = [1, 8].map(B256::repeat_byte);
    let served = |at| store.record_served(AGREEMENT, session, key, at, 1).unwrap();
    assert_eq!((served((0, 3)), served((0, 5))), (Some(0b1000), Some(0b10_1000)));
    assert_eq!(served((1, 7)), Some(1 << 7));
    let count = "SELECT count(*) FROM sessions";
    assert_eq!(store.lock().query_row(count, [], |row| row.get(0)), Ok(1));
}

#[test]
fn commits_are_synchronous() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    let level = store.lock().pragma_query_value(None, "synchronous", |row| row.get(0));
    assert_eq!(level, Ok(2), "FULL: each commit waits for the disk");
}

#[test]
fn probe_counts_once_and_only_with_an_outcome() {
    let (_folder, store) = open();
    for number in 0..4 {
        assert!(store.begin_probe(&probe(number), 100 + u64::from(number)).unwrap());
    }
    let begun = Measurement { begun: 4, ..Measurement::default() };
    assert_eq!(measured(&store, u64::MAX), begun);
    store.record_probe(&probe(0), None).unwrap();
    store.record_probe(&probe(0), Some(&receipt(0b1))).unwrap();
    assert_eq!(measured(&store, u64::MAX), Measurement { made: 1, ..begun });
    store.record_probe(&probe(1), Some(&receipt(0b11))).unwrap();
    store.record_probe(&probe(2), Some(&receipt(0b10))).unwrap();
    let all = Measurement { begun: 4, made: 3, served: 2, receipt: Some(receipt(0b11)) };
    assert_eq!(measured(&store, u64::MAX), all, "the receipt with most parts");
    assert_eq!(measured(&store, 102), Measurement { begun: 2, made: 2, served: 1, ..all });
    store.record_probe(&probe(9), None).unwrap();
    assert_eq!(measured(&store, u64::MAX), all, "it was not begun");
    for (worker, window) in [(1, 3), (0, 2)] {
        let other = store.measurement(AGREEMENT, worker, window, u64::MAX).unwrap();
        assert_eq!(other, Measurement::default());
    }

    store.close_agreement(AGREEMENT).unwrap();
    assert_eq!(measured(&store, u64::MAX), Measurement::default());
}

#[test]
fn entry_claims_no_more_than_its_receipt_supports() {
    let measured =
        |served, parts| Measurement { begun: 5, made: 5, served, receipt: Some(receipt(parts)) };
    assert_eq!(measured(3, 0b11).entry(1, 3), receipt(0b11).entry(1, 5, 3));
    assert_eq!(measured(3, 0b1).entry(1, 3), receipt(0b1).entry(1, 5, 2));
    let failed = Measurement { begun: 5, made: 5, served: 0, receipt: None };
    assert_eq!(failed.entry(1, 3), failed_entry(1, 3, 5));
}

#[test]
fn pass_is_kept_for_its_window() {
    let (_folder, store) = open();
    let client = PrivateKeySigner::random();
    let delegation = Delegation::sign(&client, 1, AGREEMENT, B256::repeat_byte(3), 9).unwrap();
    let digest = B256::repeat_byte(4);
    let commitment = ApplicationCommitment::sign(&client, 1, AGREEMENT, digest, 9).unwrap();
    let pass = Pass { delegation, commitments: vec![commitment] };
    store.save_pass(AGREEMENT, 2, &pass).unwrap();
    assert_eq!(store.pass(AGREEMENT, 2).unwrap(), Some(pass));
    assert_eq!(store.pass(AGREEMENT, 3).unwrap(), None);
}

#[test]
fn agreement_found_again_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    store.record_scan("bought", 7, B256::ZERO, &[AGREEMENT]).unwrap();
    store.close_agreement(AGREEMENT).unwrap();
    assert!(store.open_agreements().unwrap().is_empty());
    store.record_scan("bought", 5, B256::ZERO, &[AGREEMENT]).unwrap();
    assert_eq!(store.open_agreements().unwrap(), [AGREEMENT]);
}

#[test]
fn admissions_are_kept_until_the_agreement_is_closed() {
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
        let store = Store::open(&path, &IDENTITY).unwrap();
        store.record_admission(&AccessGrant { agreement: AGREEMENT, key, party }).unwrap();
        drop(store);
        let store = Store::open(&path, &IDENTITY).unwrap();
        assert_eq!(
            store.admitted_party(AGREEMENT, key).unwrap(),
            Some(party),
            "the latest admission counts"
        );
        assert_eq!(store.admitted_party(Address::ZERO, key).unwrap(), None);
    }
    let store = Store::open(&path, &IDENTITY).unwrap();
    let party = Party::Delegate { until: u64::MAX };
    store.record_admission(&AccessGrant { agreement: AGREEMENT, key, party }).unwrap();
    let until = u64::MAX >> 1;
    assert_eq!(store.admitted_party(AGREEMENT, key).unwrap(), Some(Party::Delegate { until }));
    store.close_agreement(AGREEMENT).unwrap();
    assert_eq!(store.admitted_party(AGREEMENT, key).unwrap(), None);
}

#[test]
fn flags_are_kept_and_files_of_earlier_versions_still_open() {
    let (folder, store) = open();
    assert!(!store.flag("withdrawn").unwrap());
    store.set_flag("withdrawn", true).unwrap();
    store.set_flag("withdrawn", true).unwrap();
    assert!(store.flag("withdrawn").unwrap() && !store.flag("other").unwrap());
    store.set_flag("withdrawn", false).unwrap();
    assert!(!store.flag("withdrawn").unwrap());
    let before = ["DROP TABLE flags", "ALTER TABLE job_answers DROP COLUMN trap"];
    let mut store = store;
    for (version, removed) in [(5, &[][..]), (4, &before[..])] {
        let removed = removed.join("; ");
        let earlier = format!(
            "{removed}; ALTER TABLE job_answers DROP COLUMN failure; PRAGMA user_version = {version}"
        );
        store.lock().execute_batch(&earlier).unwrap();
        drop(store);
        store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
        store.set_flag("withdrawn", true).unwrap();
        assert!(store.flag("withdrawn").unwrap());
        assert_eq!(store.job_answers(Digest::of(b"job")).unwrap(), []);
    }
}
