//! Pieces of blobs, right and wrong.

use super::*;

/// Bytes of two whole pieces and a short one.
fn content() -> Vec<u8> {
    (0..2 * PIECE_SIZE + 100).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

/// The pieces of a blob.
fn pieces(content: &[u8]) -> Vec<SamplePiece> {
    let size = u32::try_from(content.len()).unwrap();
    let pieces = content.chunks(usize::try_from(PIECE_SIZE).unwrap());
    pieces.map(|bytes| SamplePiece { size, bytes: bytes.to_vec() }).collect()
}

/// What comes of some pieces of a blob.
fn assemble(digest: Digest, pieces: &[SamplePiece], room: u32) -> Result<Bytes, SampleFailure> {
    let mut partial = PartialBlob::new(digest);
    for piece in pieces {
        if partial.append(piece, room)? {
            return partial.finish();
        }
    }
    Err(SampleFailure::NoPiece(digest))
}

#[test]
fn pieces_make_a_blob() {
    for content in [content(), content()[..usize::try_from(PIECE_SIZE).unwrap()].to_vec(), vec![7]]
    {
        let room = u32::try_from(content.len()).unwrap();
        let bytes = assemble(Digest::of(&content), &pieces(&content), room).unwrap();
        assert_eq!(bytes, content);
    }
    let nothing = SamplePiece { size: 0, bytes: Vec::new() };
    assert_eq!(assemble(Digest::of(b""), &[nothing], 0).unwrap(), Bytes::new());
}

#[test]
fn wrong_pieces_are_refused() {
    let content = content();
    let (digest, right) = (Digest::of(&content), pieces(&content));
    let changed = |change: &dyn Fn(&mut Vec<SamplePiece>)| {
        let mut pieces = right.clone();
        change(&mut pieces);
        assemble(digest, &pieces, SAMPLE_LIMIT).unwrap_err().to_string()
    };
    let wrong_piece = SampleFailure::WrongPiece(digest).to_string();
    let wrong_blob = SampleFailure::WrongBlob(digest).to_string();
    assert_eq!(changed(&|pieces| pieces.swap(0, 1)), wrong_blob, "out of order");
    assert_eq!(changed(&|pieces| pieces.swap(1, 2)), wrong_piece, "a short one too early");
    assert_eq!(changed(&|pieces| drop(pieces.remove(1))), wrong_piece, "one is missing");
    assert_eq!(
        changed(&|pieces| drop(pieces.pop())),
        SampleFailure::NoPiece(digest).to_string(),
        "the last one is missing"
    );
    assert_eq!(changed(&|pieces| pieces.insert(0, pieces[0].clone())), wrong_piece, "one too many");
    assert_eq!(changed(&|pieces| pieces[2].size += 1), wrong_piece, "another length");
    assert_eq!(changed(&|pieces| pieces[1].bytes[9] ^= 1), wrong_blob, "another content");
    assert_eq!(changed(&|pieces| pieces[1].bytes.push(0)), wrong_piece, "too long");
    assert_eq!(changed(&|pieces| pieces[0].size = u32::MAX), SampleFailure::TooLarge.to_string());
}

#[test]
fn a_blob_of_another_job_is_refused() {
    let content = content();
    let refused = assemble(Digest::of(b"another"), &pieces(&content), SAMPLE_LIMIT);
    assert!(matches!(refused, Err(SampleFailure::WrongBlob(_))));
}

#[test]
fn what_exceeds_the_room_is_refused_with_the_first_piece() {
    let content = content();
    let room = u32::try_from(content.len()).unwrap() - 1;
    let refused = assemble(Digest::of(&content), &pieces(&content)[..1], room);
    assert!(matches!(refused, Err(SampleFailure::TooLarge)));
}
