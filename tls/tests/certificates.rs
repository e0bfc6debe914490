//! A server with certificates that change.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test ends at the first value that it does not expect"
)]

mod certificate;

use std::fs;
use std::path::Path;

use muster_tls::{TlsError, TlsServer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::TlsConnector;

use crate::certificate::TestCertificate;

/// Sends a word to the server, as a client that trusts a certificate alone, and returns what the server makes of it.
async fn greet(server: &TlsServer, trusted: &TestCertificate) -> Result<String, String> {
    let (ours, theirs) = duplex(1 << 16);
    let answer = async {
        let mut stream = server.accept(theirs).await?;
        let word = stream.read_u8().await?;
        stream.write_u8(word + 1).await?;
        stream.shutdown().await
    };
    let ask = async {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(trusted.client()).connect(name, ours).await?;
        stream.write_u8(b'a').await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.map(|_| text)
    };
    let (_, asked) = tokio::join!(answer, ask);
    asked.map_err(|error| error.to_string())
}

/// Writes a file so that its time of change differs from the one before.
fn write(path: &Path, text: &str, second: u64) {
    fs::write(path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
    file.set_modified(time).unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_needs_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    let [certificate_path, key_path] = &paths;
    let (old, new) = (TestCertificate::new(), TestCertificate::new());
    write(certificate_path, &old.pem, 1);
    write(key_path, &old.key, 1);
    let server = TlsServer::open(certificate_path, key_path).unwrap();
    assert_eq!(greet(&server, &old).await.unwrap(), "b");
    assert!(greet(&server, &new).await.unwrap_err().contains("certificate"));

    // Half way, the files do not fit together.
    write(certificate_path, &new.pem, 2);
    assert_eq!(greet(&server, &old).await.unwrap(), "b");
    write(key_path, &new.key, 2);
    assert_eq!(greet(&server, &new).await.unwrap(), "b");
    fs::remove_file(key_path).unwrap();
    assert_eq!(greet(&server, &new).await.unwrap(), "b");
}

#[test]
fn files_that_are_none_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (good, other) = (TestCertificate::new(), TestCertificate::new());
    for (name, text) in [("good", &good.pem), ("key", &good.key), ("other", &other.key)] {
        fs::write(path(name), text).unwrap();
    }
    fs::write(path("text"), "hello").unwrap();
    let refused =
        |certificate: &str, key: &str| TlsServer::open(path(certificate), path(key)).unwrap_err();
    let at =
        |name: &str, error: &TlsError| error.to_string().contains(path(name).to_str().unwrap());

    let error = refused("none", "key");
    assert!(matches!(error, TlsError::File { .. }) && at("none", &error), "{error}");
    let error = refused("text", "key");
    assert!(matches!(error, TlsError::NoCertificate(_)) && at("text", &error), "{error}");
    let error = refused("good", "text");
    assert!(matches!(error, TlsError::File { .. }) && at("text", &error), "{error}");
    let error = refused("good", "other");
    assert!(matches!(error, TlsError::Mismatch { .. }) && at("other", &error), "{error}");
}

#[tokio::test]
async fn plain_text_is_no_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = TestCertificate::new().write(folder.path());
    let server = TlsServer::open(certificate, key).unwrap();
    let (mut ours, theirs) = duplex(1 << 16);
    ours.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(server.accept(theirs).await.is_err());
}
