//! What letters look like, and what is none.

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;

use super::{Claim, Content, Hidden, LETTER_LIMIT, Letter, LetterError, Reason};
use crate::delegation::Delegation;

/// A letter that says this.
fn letter(content: Content) -> Letter {
    Letter::request(412_346, Address::repeat_byte(7), content)
}

/// One of every kind.
fn all() -> Vec<Letter> {
    let client = PrivateKeySigner::random();
    let key = B256::repeat_byte(3);
    let delegation = Delegation::sign(&client, 1, Address::ZERO, key, u64::MAX).unwrap();
    let url = Hidden::new("https://worker.example");
    [
        Content::EndpointRequest { claim: Claim::Client {} },
        Content::EndpointRequest { claim: Claim::Delegate { delegation } },
        Content::EndpointRequest { claim: Claim::Seat { window: 20, place: u32::MAX } },
        Content::EndpointReply { url, token: Hidden::new("token") },
        Content::PassRequest { window: 20, place: u32::MAX, key },
        Content::Pass { delegation },
        Content::Refusal { reason: Reason::NotRunning },
    ]
    .map(letter)
    .to_vec()
}

#[test]
fn every_letter_reads_back() {
    for letter in all() {
        let json = letter.to_json().unwrap();
        assert!(json.len() < 700, "{json}");
        assert_eq!(Letter::from_json(&json), Ok(letter));
    }
}

#[test]
fn the_form_of_a_letter_is_fixed() {
    let nonce = B256::repeat_byte(1);
    let request =
        Letter { nonce, ..letter(Content::PassRequest { window: 1, place: 2, key: nonce }) };
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
fn other_versions_and_other_things_are_told_apart() {
    let json = all().remove(0).to_json().unwrap();
    let newer = json.replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(Letter::from_json(&newer), Err(LetterError::Version(2)));
    let more = json.replace(r#""client":{}"#, r#""client":{"really":true}"#);
    let deep = "[".repeat(LETTER_LIMIT);
    for wrong in ["", "{}", r#"{"version":1}"#, &deep, &json[1..], &more] {
        assert_eq!(Letter::from_json(wrong), Err(LetterError::Malformed), "{wrong}");
    }
}

#[test]
fn a_letter_that_is_too_long_is_neither_written_nor_read() {
    let url = Hidden::new("x".repeat(LETTER_LIMIT));
    let long = letter(Content::EndpointReply { url, token: Hidden::new("") });
    assert!(matches!(long.to_json(), Err(LetterError::TooLong(_))));
    let padded = format!("{}{}", all()[0].to_json().unwrap(), " ".repeat(LETTER_LIMIT));
    assert_eq!(Letter::from_json(&padded), Err(LetterError::TooLong(padded.len())));
}

#[test]
fn a_reply_answers_its_request_alone() {
    let [request, other] =
        [(); 2].map(|()| letter(Content::EndpointRequest { claim: Claim::Client {} }));
    let reply = request.reply(Content::Refusal { reason: Reason::NotMine });
    assert!(reply.answers(&request));
    assert!(!reply.answers(&other));
    assert!(!request.answers(&request));
}

#[test]
fn addresses_and_tokens_are_not_printed() {
    let [url, token] = ["https://worker.example", "secret"].map(Hidden::new);
    let letter = letter(Content::EndpointReply { url, token });
    let printed = format!("{letter:?}");
    assert!(!printed.contains("example") && !printed.contains("secret"), "{printed}");
}
