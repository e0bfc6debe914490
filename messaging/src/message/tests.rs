//! The JSON of messages, valid and invalid.

use alloy::primitives::{Address, B256, Bytes};
use alloy::signers::local::PrivateKeySigner;

use super::{
    Claim, Content, JobLimits, MESSAGE_LIMIT, Message, MessageFormatError, PIECE_MESSAGE_LIMIT,
    RefusalReason,
};
use crate::application::{ApplicationCommitment, Pass};
use crate::delegation::Delegation;
use crate::endpoint::Endpoint;
use crate::sample::{MAX_LISTED, PIECE_SIZE, SampleInfo, SampleList, SamplePiece};

/// A message with this content.
fn message(content: Content) -> Message {
    Message::request(412_346, Address::repeat_byte(7), content)
}

/// The content of an endpoint reply.
fn endpoint(url: &str, token: &str) -> Content {
    Content::EndpointReply(Endpoint { url: url.into(), token: token.into(), application: None })
}

/// A worker's commitment to serve by a document.
fn commitment(worker: &PrivateKeySigner) -> ApplicationCommitment {
    ApplicationCommitment::sign(worker, 1, Address::ZERO, B256::repeat_byte(3), u64::MAX).unwrap()
}

/// One message of each kind.
fn one_of_each_kind() -> Vec<Message> {
    let client = PrivateKeySigner::random();
    let key = B256::repeat_byte(3);
    let delegation = Delegation::sign(&client, 1, Address::ZERO, key, u64::MAX).unwrap();
    [
        Content::EndpointRequest { claim: Claim::Client {} },
        Content::EndpointRequest { claim: Claim::Delegate { delegation } },
        Content::EndpointRequest { claim: Claim::Seat { window: 20, place: u32::MAX } },
        endpoint("https://worker.example", "token"),
        Content::PassRequest { window: 20, place: u32::MAX, key },
        Content::Pass(Pass { delegation, commitments: Vec::new() }),
        Content::Pass(Pass { delegation, commitments: vec![commitment(&client)] }),
        Content::ApplicationRequest {},
        Content::Application(commitment(&client)),
        Content::SampleListRequest { window: 20, place: u32::MAX, worker: 20 },
        Content::SampleList(SampleList {
            unseen: vec![SampleInfo { job: key, size: 9 }],
            sent: vec![],
            service: Some(SampleInfo { job: key, size: u32::MAX }),
        }),
        Content::SamplePieceRequest { window: 20, place: 7, job: key, blob: key, offset: u32::MAX },
        Content::SamplePiece(SamplePiece { size: u32::MAX, bytes: vec![9; 72] }),
        Content::JobLimitsRequest {},
        Content::JobLimits(JobLimits {
            memory: u64::MAX,
            storage: u64::MAX,
            time: u64::MAX,
            running: u32::MAX,
            waiting: u32::MAX,
            blobs: u64::MAX,
        }),
        Content::Refusal { reason: RefusalReason::NotRunning },
        Content::Report { place: 7, salt: key, r: key, vs: key, entries: Bytes::from(vec![9; 72]) },
    ]
    .map(message)
    .to_vec()
}

#[test]
fn every_message_round_trips() {
    for message in one_of_each_kind() {
        let json = message.to_json().unwrap();
        assert!(json.len() < 1_000, "{json}");
        assert_eq!(Message::from_json(&json), Ok(message));
    }
}

#[test]
fn the_json_of_a_message_is_fixed() {
    let nonce = B256::repeat_byte(1);
    let request =
        Message { nonce, ..message(Content::PassRequest { window: 1, place: 2, key: nonce }) };
    let json = concat!(
        r#"{"version":1,"letter":{"chain_id":412346,"#,
        r#""agreement":"0x0707070707070707070707070707070707070707","#,
        r#""nonce":"0x0101010101010101010101010101010101010101010101010101010101010101","#,
        r#""content":{"pass_request":{"window":1,"place":2,"#,
        r#""key":"0x0101010101010101010101010101010101010101010101010101010101010101"}}}}"#,
    );
    assert_eq!(request.to_json().unwrap(), json);
}

#[test]
fn unsupported_versions_and_malformed_messages_are_told_apart() {
    let json = one_of_each_kind().remove(0).to_json().unwrap();
    let newer = json.replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(Message::from_json(&newer), Err(MessageFormatError::UnsupportedVersion(2)));
    let more = json.replace(r#""client":{}"#, r#""client":{"really":true}"#);
    let deep = "[".repeat(MESSAGE_LIMIT);
    for wrong in ["", "{}", r#"{"version":1}"#, &deep, &json[1..], &more] {
        assert_eq!(Message::from_json(wrong), Err(MessageFormatError::Malformed), "{wrong}");
    }
}

#[test]
fn a_message_that_is_too_long_is_neither_written_nor_read() {
    let long = message(endpoint(&"x".repeat(MESSAGE_LIMIT), ""));
    assert!(matches!(long.to_json(), Err(MessageFormatError::TooLong(_))));
    let padded =
        format!("{}{}", one_of_each_kind()[0].to_json().unwrap(), " ".repeat(MESSAGE_LIMIT));
    assert_eq!(Message::from_json(&padded), Err(MessageFormatError::TooLong(padded.len())));
}

#[test]
fn the_longest_list_and_the_longest_piece_fit() {
    let info = SampleInfo { job: B256::repeat_byte(255), size: u32::MAX };
    let list = SampleList {
        unseen: vec![info; MAX_LISTED],
        sent: vec![info; MAX_LISTED],
        service: Some(info),
    };
    assert!(message(Content::SampleList(list)).to_json().is_ok());
    let piece = |size: u32| {
        let bytes = vec![255; usize::try_from(size).unwrap()];
        message(Content::SamplePiece(SamplePiece { size: u32::MAX, bytes }))
    };
    let longest = piece(PIECE_SIZE);
    let json = longest.to_json().unwrap();
    assert!(json.len() > MESSAGE_LIMIT);
    assert_eq!(Message::from_json(&json), Ok(longest));
    let padded = format!("{json}{}", " ".repeat(PIECE_MESSAGE_LIMIT - json.len() + 1));
    assert_eq!(Message::from_json(&padded), Err(MessageFormatError::TooLong(padded.len())));
    assert!(matches!(piece(2 * PIECE_SIZE).to_json(), Err(MessageFormatError::TooLong(_))));
}

#[test]
fn a_pass_with_the_commitments_of_eight_workers_fits() {
    let client = PrivateKeySigner::random();
    let key = B256::repeat_byte(3);
    let delegation = Delegation::sign(&client, 1, Address::ZERO, key, u64::MAX).unwrap();
    let commitments = vec![commitment(&client); 8];
    assert!(message(Content::Pass(Pass { delegation, commitments })).to_json().is_ok());
}

#[test]
fn a_piece_that_is_not_base64_is_malformed() {
    let piece = message(Content::SamplePiece(SamplePiece { size: 3, bytes: vec![1, 2, 3] }));
    let json = piece.to_json().unwrap();
    assert!(json.contains(r#""bytes":"AQID""#), "{json}");
    let wrong = json.replace("AQID", "AQI");
    assert_eq!(Message::from_json(&wrong), Err(MessageFormatError::Malformed));
}

#[test]
fn a_reply_matches_only_its_request() {
    let [request, other] =
        [(); 2].map(|()| message(Content::EndpointRequest { claim: Claim::Client {} }));
    let reply = request.reply(Content::Refusal { reason: RefusalReason::NotMine });
    assert!(reply.is_reply_to(&request));
    assert!(!reply.is_reply_to(&other));
    assert!(!request.is_reply_to(&request));
    let (salt, r, vs, entries) = (B256::ZERO, B256::ZERO, B256::ZERO, Bytes::new());
    let report = request.reply(Content::Report { place: 0, salt, r, vs, entries });
    assert!(!report.is_reply_to(&request), "a report answers nothing");
}

#[test]
fn addresses_and_tokens_are_not_printed() {
    let message = message(endpoint("https://worker.example", "hunter2"));
    let printed = format!("{message:?}");
    assert!(!printed.contains("example") && !printed.contains("hunter2"), "{printed}");
}
