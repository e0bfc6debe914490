use super::*;

#[test]
fn agreement_is_for_one_service() {
    let folder = tempfile::tempdir().unwrap();
    let record = ServiceRecord::new(folder.path().join("services.json"));
    assert_eq!(record.services().unwrap(), []);
    let [first, second] = [b"a", b"b"].map(|component| {
        record.bring(ServiceDocument::new(Digest::of(component)), "label").unwrap()
    });
    let [agreement, other] = [1, 2].map(Address::with_last_byte);
    let place = ServicePlace { agreement, worker: other };
    assert!(record.claim(first, agreement).unwrap());
    assert!(record.claim(first, agreement).unwrap());
    assert!(!record.claim(second, agreement).unwrap());
    assert!(record.claim(second, other).unwrap());
    for _ in 0..2 {
        record.add_place(first, place).unwrap();
    }
    assert_eq!(record.service(first).unwrap().places, [place]);

    // Brought again, it is the same service; released, its agreement is free.
    assert!(record.end(first).unwrap().is_ended);
    record.bring(ServiceDocument::new(Digest::of(b"a")), "other").unwrap();
    let known = record.service(first).unwrap();
    assert_eq!((known.is_ended, known.label.as_str(), known.places.len()), (false, "other", 1));
    record.release(first, agreement).unwrap();
    assert!(record.service(first).unwrap().places.is_empty());
    assert!(record.claim(second, agreement).unwrap());
    let missing = Digest::of(b"missing");
    assert!(matches!(record.end(missing), Err(RecordError::NoService(id)) if id == missing));
}

#[test]
fn changes_of_many_threads_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let record = ServiceRecord::new(folder.path().join("services.json"));
    std::thread::scope(|scope| {
        for number in 0..16_u8 {
            let record = &record;
            scope.spawn(move || {
                record.bring(ServiceDocument::new(Digest::of(&[number])), "").unwrap()
            });
        }
    });
    assert_eq!(record.services().unwrap().len(), 16);
}
