//! The file system against a plain model: whatever is done, names, contents and storage add up.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of tests are small")]

use super::{Content, Errno, Fault, FileSystem, OpenFlags, ROOT, Storage};
use crate::profile::NODE_COST;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a program may do to files in the root.
#[derive(Debug, Clone)]
enum Step {
    Write { name: u8, offset: u16, bytes: Vec<u8> },
    Resize { name: u8, size: u16 },
    Unlink { name: u8 },
    Rename { from: u8, to: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..4_u8;
    prop_oneof![
        (name.clone(), 0..300_u16, prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(name, offset, bytes)| Step::Write { name, offset, bytes }),
        (name.clone(), 0..400_u16).prop_map(|(name, size)| Step::Resize { name, size }),
        name.clone().prop_map(|name| Step::Unlink { name }),
        (name.clone(), name).prop_map(|(from, to)| Step::Rename { from, to }),
    ]
}

/// Does a step to the file system.
fn apply(fs: &mut FileSystem, step: &Step) -> Result<(), Fault> {
    let create = OpenFlags { create: true, write: true, ..OpenFlags::default() };
    match step {
        Step::Write { name, offset, bytes } => {
            let node = fs.open(ROOT, &name.to_string(), create)?;
            let done = fs.write_at(node, bytes, u64::from(*offset));
            fs.release(node);
            done
        }
        Step::Resize { name, size } => {
            let node = fs.open(ROOT, &name.to_string(), create)?;
            let done = fs.set_size(node, u64::from(*size));
            fs.release(node);
            done
        }
        Step::Unlink { name } => Ok(fs.unlink(ROOT, &name.to_string())?),
        Step::Rename { from, to } => {
            Ok(fs.rename((ROOT, &from.to_string()), (ROOT, &to.to_string()))?)
        }
    }
}

/// Does a step to the model, as if storage had no end.
fn model(files: &mut BTreeMap<String, Vec<u8>>, step: &Step) -> Result<(), Errno> {
    match step {
        Step::Write { name, offset, bytes } => {
            let file = files.entry(name.to_string()).or_default();
            let (start, end) = (usize::from(*offset), usize::from(*offset) + bytes.len());
            if !bytes.is_empty() {
                file.resize(file.len().max(end), 0);
                file[start..end].copy_from_slice(bytes);
            }
        }
        Step::Resize { name, size } => {
            files.entry(name.to_string()).or_default().resize(usize::from(*size), 0);
        }
        Step::Unlink { name } => {
            files.remove(&name.to_string()).ok_or(Errno::Noent)?;
        }
        Step::Rename { from, to } => {
            let file = files.remove(&from.to_string()).ok_or(Errno::Noent)?;
            files.insert(to.to_string(), file);
        }
    }
    Ok(())
}

fn cost(files: &BTreeMap<String, Vec<u8>>) -> u64 {
    files.values().map(|file| NODE_COST + crate::fs::as_u64(file.len())).sum()
}

fn contents(fs: &FileSystem) -> BTreeMap<String, Vec<u8>> {
    let list = fs.list(ROOT).unwrap();
    let read = |(name, stat): (String, super::Stat)| {
        let mut bytes = vec![0; usize::try_from(stat.size).unwrap()];
        fs.content(stat.node).unwrap().read_at(&mut bytes, 0).unwrap();
        (name, bytes)
    };
    list.into_iter().map(read).collect()
}

proptest! {
    #[test]
    fn files_are_as_in_the_model_and_storage_is_their_cost(
        steps in prop::collection::vec(step(), 1..60),
        limit in 1_500..6_000_u64,
    ) {
        let mut fs = FileSystem::new(Storage::new(limit));
        let mut files = BTreeMap::new();
        for step in &steps {
            let mut after = files.clone();
            let expected = model(&mut after, step);
            match (apply(&mut fs, step), expected) {
                (Ok(()), Ok(())) => {
                    prop_assert!(cost(&after) <= limit, "more than the limit was allowed");
                    files = after;
                }
                // What does not fit changes nothing, but a file that was made for it is there.
                (Err(Fault::Errno(Errno::Nospc)), Ok(())) => {
                    prop_assert!(cost(&after) > limit, "what fits was refused");
                    if let Step::Write { name, .. } | Step::Resize { name, .. } = step
                        && fs.stat_at(ROOT, &name.to_string(), false).is_ok()
                    {
                        files.entry(name.to_string()).or_default();
                    }
                }
                (Err(Fault::Errno(error)), Err(expected)) => prop_assert_eq!(error, expected),
                (done, expected) => prop_assert!(false, "{:?} instead of {:?}", done, expected),
            }
            prop_assert_eq!(&contents(&fs), &files);
            let free = limit - cost(&files);
            prop_assert!(fs.storage().charge(free).is_ok());
            prop_assert_eq!(fs.storage().charge(1), Err(Errno::Nospc));
            fs.storage().release(free);
        }
    }

    #[test]
    fn blob_is_read_as_memory_is(bytes in prop::collection::vec(any::<u8>(), 0..300), offset in 0..400_u64, len in 0..400_usize) {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let size = crate::fs::as_u64(bytes.len());
        let (blob, memory) = (Content::Blob { file, size }, Content::Memory(bytes));
        let (mut one, mut two) = (vec![1; len], vec![1; len]);
        prop_assert_eq!(blob.read_at(&mut one, offset).unwrap(), memory.read_at(&mut two, offset).unwrap());
        prop_assert_eq!(one, two);
    }
}

#[test]
fn input_that_is_written_is_read_into_memory_first() {
    use std::io::Write;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"hello").unwrap();
    let mut fs = FileSystem::new(Storage::new(2_000));
    let path = crate::JobPath::new("/in").unwrap();
    fs.put(&path, Content::Blob { file, size: 5 }).unwrap();
    let node = fs.find(&path).unwrap();
    fs.write_at(node, b"J", 0).unwrap();
    assert_eq!(contents(&fs)["in"], b"Jello");
}

#[test]
fn blob_that_became_shorter_is_a_failure_of_the_machine() {
    let file = tempfile::tempfile().unwrap();
    let content = Content::Blob { file, size: 5 };
    assert!(matches!(content.read_at(&mut [0; 5], 0), Err(Fault::Host(_))));
}
