use std::os::unix::fs::PermissionsExt;

use alloy::primitives::{Address, B256};
use muster_client::ServiceReceipt;
use muster_messaging::{AccessGrant, Party, ReplayGuard as _};
use secrecy::ExposeSecret;

use super::{Identity, Observations, Role, Store, StoreError};

const IDENTITY: Identity = Identity {
    role: Role::Tester,
    chain: 412_346,
    dispatcher: Address::repeat_byte(1),
    account: Address::repeat_byte(2),
};
const AGREEMENT: Address = Address::repeat_byte(3);

fn receipt(served: u32) -> ServiceReceipt {
    ServiceReceipt { served, r: B256::repeat_byte(4), vs: B256::repeat_byte(5) }
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
        assert_eq!(store.record_served(AGREEMENT, session, hash, 0, 1).unwrap(), Some(0b1));
        store.record_scan("bought", 10, hash, &[AGREEMENT]).unwrap();
        store.save_endpoint(AGREEMENT, 1, "http://127.0.0.1:1", "token").unwrap();
        assert!(store.insert_if_new(hash, u64::MAX >> 1).unwrap());
        assert!(store.insert_if_new(session, 1).unwrap());
        (secret, salt)
    };
    let store = Store::open(&path, &IDENTITY).unwrap();
    assert_eq!(store.secret("gateway").unwrap().expose_secret(), secret.expose_secret());
    assert_eq!(store.session_salt(AGREEMENT, || B256::ZERO).unwrap(), salt);
    assert_eq!(store.record_served(AGREEMENT, session, hash, 2, 1).unwrap(), Some(0b101));
    assert_eq!(store.cursor("bought").unwrap(), Some((10, hash)));
    assert_eq!(store.open_agreements().unwrap(), [AGREEMENT]);
    let endpoint = Some(("http://127.0.0.1:1".to_owned(), "token".to_owned()));
    assert_eq!(store.endpoint(AGREEMENT, 1).unwrap(), endpoint);
    assert!(store.contains(hash).unwrap());
    assert!(!store.insert_if_new(hash, u64::MAX >> 1).unwrap(), "it was received before");
    assert!(!store.contains(session).unwrap(), "an expired id is deleted");
}

#[test]
fn session_limit_is_per_key_and_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let [one, other] = [8, 9].map(B256::repeat_byte);
    assert_eq!(store.record_served(AGREEMENT, first, one, 3, 1).unwrap(), Some(0b1000));
    assert_eq!(
        store.record_served(AGREEMENT, second, one, 3, 1).unwrap(),
        None,
        "one session is the limit"
    );
    assert_eq!(store.record_served(Address::ZERO, second, one, 3, 1).unwrap(), Some(0b1000));
    assert_eq!(store.record_served(AGREEMENT, first, other, 4, 1).unwrap(), Some(0b11000));
    assert_eq!(
        store.record_served(AGREEMENT, second, other, 4, 1).unwrap(),
        Some(0b10000),
        "the other key has opened only this one"
    );
}

#[test]
fn commits_are_synchronous() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    let level = store.lock().pragma_query_value(None, "synchronous", |row| row.get(0));
    assert_eq!(level, Ok(2), "FULL: each commit waits for the disk");
}

#[test]
fn first_observation_of_a_window_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    store.record_observation(AGREEMENT, 0, 3, None).unwrap();
    store.record_observation(AGREEMENT, 0, 3, Some(&receipt(0b1000))).unwrap();
    assert_eq!(
        store.observations(AGREEMENT, 0).unwrap(),
        Observations { failed: 0b1000, receipt: None }
    );

    store.record_observation(AGREEMENT, 0, 0, Some(&receipt(0b1))).unwrap();
    store.record_observation(AGREEMENT, 0, 1, Some(&receipt(0b11))).unwrap();
    store.record_observation(AGREEMENT, 0, 1, None).unwrap();
    let observations = store.observations(AGREEMENT, 0).unwrap();
    assert_eq!(observations, Observations { failed: 0b1000, receipt: Some(receipt(0b11)) });
    assert_eq!(observations.probed_windows(), 0b1011);
    assert_eq!(store.observations(AGREEMENT, 1).unwrap(), Observations::default());

    store.close_agreement(AGREEMENT).unwrap();
    assert_eq!(
        store.observations(AGREEMENT, 0).unwrap(),
        Observations::default(),
        "a closed agreement has none"
    );
}

#[test]
fn receipt_that_contradicts_a_recorded_failure_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db"), &IDENTITY).unwrap();
    store.record_observation(AGREEMENT, 0, 0, Some(&receipt(0b1))).unwrap();
    store.record_observation(AGREEMENT, 0, 1, None).unwrap();
    store.record_observation(AGREEMENT, 0, 2, Some(&receipt(0b111))).unwrap();
    assert_eq!(
        store.observations(AGREEMENT, 0).unwrap(),
        Observations { failed: 0b10, receipt: Some(receipt(0b1)) }
    );
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
