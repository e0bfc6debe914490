//! What a browser is told.

use crate::chain::{TestSite, pages};
use crate::document::Document;

#[tokio::test]
async fn every_answer_forbids_what_is_not_of_this_server() {
    let site = TestSite::new(*b"factor\0\0", "a text");
    let files = ["/style.css", "/icon.svg"].map(str::to_owned);
    for path in pages(*b"factor\0\0").into_iter().chain(files) {
        let headers = site.get(&path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        let rules: Vec<_> = policy.split(';').map(str::trim).collect();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(rules.contains(&rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(headers.contains_key("cache-control"), "{path}");
    }
}

#[tokio::test]
async fn pages_need_nothing_but_files_of_this_server() {
    let site = TestSite::new(*b"factor\0\0", "a text");
    for path in pages(*b"factor\0\0") {
        let document = Document::parse(&site.get(&path).await.body);
        for node in &document.nodes {
            assert!(node.name != "style" && node.attribute("style").is_none(), "{path}: {node:?}");
            let has_handler = node.attributes.iter().any(|(name, _)| name.starts_with("on"));
            assert!(!has_handler, "{path}: {node:?}");
            for name in ["src", "href", "action"] {
                let Some(target) = node.attribute(name) else { continue };
                let is_ours = (target.starts_with('/') && !target.starts_with("//"))
                    || target.starts_with('#');
                assert!(is_ours, "{path}: {node:?}");
            }
            if node.name == "script" {
                assert!(
                    node.attribute("src").is_some() && node.text.is_empty(),
                    "{path}: {node:?}"
                );
            }
        }
    }
}
