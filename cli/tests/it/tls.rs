//! Gateway and relay with a certificate.

use std::fs;

use muster_relay::{Relay, RelayConfig};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::harness::{BackgroundProcess, TestMarket};

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_relay_speak_tls_with_a_certificate() {
    let test_market = TestMarket::new("tls").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada"]);
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.file("chain.pem"), cert.pem()).unwrap();
    fs::write(folder.file("key.pem"), signing_key.serialize_pem()).unwrap();
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let run = format!(
        "worker run --account dev:ada --price 20gwei --relay {} --upstream http://127.0.0.1:1",
        relay.url()
    );
    let words = folder.refused(&format!("{run} --tls-certificate none.pem --tls-key key.pem"));
    assert!(words.starts_with("cannot read none.pem: "), "{words}");
    let half = folder.run(&format!("{run} --tls-certificate chain.pem"));
    assert!(half.code == 2 && half.stderr.contains("--tls-key"), "{}", half.stderr);

    let tls = "--tls-certificate chain.pem --tls-key key.pem";
    let mut worker = BackgroundProcess::start(folder, &format!("{run} {tls}"));
    let gateway = worker.field("gateway");
    assert!(gateway.starts_with("https://127.0.0.1:"), "{gateway}");
    let trusted = reqwest::Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_merge([trusted]).build().unwrap();
    let response = client.get(gateway.replace("127.0.0.1", "localhost")).send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(worker.terminate(), Some(0));

    let mut relay = BackgroundProcess::start(folder, &format!("relay --listen 127.0.0.1:0 {tls}"));
    let url = relay.field("url");
    assert!(url.starts_with("wss://127.0.0.1:"), "{url}");
    assert_eq!(relay.terminate(), Some(0));
}
