//! Texts that strangers put on chain, into documents and into addresses of pages.

use crate::chain::{TestSite, pages};
use crate::document::Document;

/// Applications: eight bytes that anybody can register.
const APPLICATIONS: [[u8; 8]; 10] = [
    *b"<script>",
    *b"</title>",
    *b"\"><i a=b",
    *b"'onload=",
    *b"</main>\0",
    *b"<!--<a>\0",
    *b"&lt;b&gt",
    *b"../../..",
    *b"a?b#c%d/",
    *b"\xff\xfe\x00<svg>",
];

/// Documents: any text.
const TEXTS: [&str; 12] = [
    "<script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "</title><script src=//evil.example/x.js></script>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a>",
    "<!--><script>alert(1)</script-->",
    "<style>*{display:none}</style>",
    "\u{202e}txet desrever\u{200b}\u{0}&#60;script&#62;",
    "]]><iframe srcdoc=\"<script>alert(1)</script>\">",
];

/// A text as a part of a URL.
fn encoded(text: &str) -> String {
    let bytes: Vec<_> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

#[tokio::test]
async fn names_on_chain_change_no_page() {
    for application in APPLICATIONS {
        // As long as the hostile one, and written in the same form: its name, or its bytes.
        let is_plain = application.iter().all(u8::is_ascii_graphic);
        let harmless = if is_plain { *b"harmless" } else { *b"harm less".first_chunk().unwrap() };
        let (hostile, harmless_site) =
            (TestSite::new(application, "a text"), TestSite::new(harmless, "a text"));
        for (path, other) in pages(application).iter().zip(pages(harmless)) {
            let found = Document::parse(&hostile.get(path).await.body);
            let expected = Document::parse(&harmless_site.get(&other).await.body);
            assert_eq!(found.skeleton(), expected.skeleton(), "{path}");
            assert_eq!(found.errors, Vec::<String>::new(), "{path}");
        }
        let name = muster_client::Application(application.into()).to_string();
        let market = Document::parse(&hostile.get("/").await.body);
        assert!(market.all("h2").any(|heading| heading.text == name), "{name} is shown as it is");
        let link = market.all("a").find(|link| link.text == name).unwrap();
        let linked = hostile.get(link.attribute("href").unwrap()).await;
        assert_eq!(linked.status, 200, "{name}: its link leads to it");
        assert!(
            Document::parse(&linked.body).all("h1").any(|h1| h1.text.contains(&name)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn texts_of_documents_change_no_page() {
    let application = *b"factor\0\0";
    let path = "/application/factor";
    let expected = TestSite::new(application, "a text").get(path).await.body;
    let expected = Document::parse(&expected).skeleton();
    for text in TEXTS {
        let body = TestSite::new(application, text).get(path).await.body;
        let document = Document::parse(&body);
        assert_eq!(document.skeleton(), expected, "{text}");
        let shown = document.all("code").filter(|code| code.text == text.replace('\0', "\u{fffd}"));
        assert!(shown.count() > 0, "{text} is shown as it is");
    }
}

#[tokio::test]
async fn addresses_of_pages_are_repeated_as_text_only() {
    let site = TestSite::new(*b"factor\0\0", "a text");
    for pattern in [
        "/search?q={}",
        "/application/{}",
        "/worker/{}",
        "/agreement/{}",
        "/tester/{}",
        "/account/{}",
        "/account?address={}",
        "/agreements?state={}",
        "/agreements?client={}",
        "/agreements?after={}",
        "/application/factor?order={}",
        "/application/factor?max_price={}",
        "/application/factor?after={}",
        "/events?subject={}",
        "/events?name={}",
        "/events?after={}",
    ] {
        let page = async |text: &str| {
            let answer = site.get(&pattern.replace("{}", &encoded(text))).await;
            (answer.status, Document::parse(&answer.body).skeleton())
        };
        let expected = page("no-such-thing").await;
        for text in TEXTS {
            assert_eq!(page(text).await, expected, "{pattern} with {text}");
        }
    }
}
