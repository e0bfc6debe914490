//! `muster application`: documents, and whether services pass.

use std::fs;

use axum::Router;
use axum::routing::get;

use crate::harness::{BackgroundProcess, TestFolder};

mod sales;

/// A document whose check is this.
pub(crate) fn document(name: &str, check: &str) -> String {
    format!("name = \"{name}\"\nversion = \"1\"\napi = \"see the check\"\n\n[check]\n{check}\n")
}

/// Serves a text at every path, and returns the URL.
pub(crate) async fn serve(text: &'static str) -> String {
    serve_with(move || text).await
}

/// Serves what a function returns at every path, and returns the URL.
pub(crate) async fn serve_with(
    text: impl Fn() -> &'static str + Clone + Send + Sync + 'static,
) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(get(async move || text()));
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    url
}

#[test]
fn a_new_document_is_valid_and_no_file_is_written_over() {
    let folder = TestFolder::new("application-new", "http://127.0.0.1:1");
    let made = folder.json("application new echo");
    assert_eq!((&made["application"], &made["file"]), (&"echo".into(), &"echo.toml".into()));
    let shown = folder.json("application show echo.toml");
    assert_eq!(shown["application_key"], "0x6563686f00000000");
    assert_eq!(shown["check"], "GET / answers with success");
    assert_eq!(shown, folder.json("application check echo.toml"));
    let again = folder.refused("application new echo");
    assert_eq!(again, "echo.toml exists already: name another file");
    // The digest is of what the document says.
    let text = fs::read_to_string(folder.file("echo.toml")).unwrap();
    let said: String =
        text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    fs::write(folder.file("short.toml"), said).unwrap();
    assert_eq!(folder.json("application show short.toml"), shown);
    fs::write(folder.file("other.toml"), text.replace("version = \"1\"", "version = \"2\""))
        .unwrap();
    assert_ne!(folder.json("application show other.toml")["digest"], shown["digest"]);
}

#[test]
fn reserved_names_and_invalid_documents_are_refused() {
    let folder = TestFolder::new("application-refused", "http://127.0.0.1:1");
    for (name, why) in [
        ("0", "is reserved: it is what `buyContract"),
        ("tester", "is reserved: it is the application of testers"),
        ("wasm1", "is reserved: it is built in"),
        ("echo-server", "must have 1 to 8 characters"),
    ] {
        let refused = folder.refused(&format!("application new {name}"));
        assert!(refused.contains(why), "{refused}");
        assert!(!folder.file(&format!("{name}.toml")).exists());
        fs::write(folder.file("written.toml"), document(name, "kind = \"factor\"")).unwrap();
        let refused = folder.refused("application show written.toml");
        assert!(refused.contains(why), "{refused}");
    }
    for (check, why) in [
        ("kind = \"http\"\npath = \"health\"", "must begin with a slash"),
        ("kind = \"http\"\npath = \"/\"\nstatus = 500", "must be from 200 to 499"),
        ("kind = \"http\"\npth = \"/\"", "pth"),
        ("kind = \"ping\"", "ping"),
    ] {
        fs::write(folder.file("written.toml"), document("echo", check)).unwrap();
        let refused = folder.refused("application check written.toml");
        assert!(refused.contains(why), "{refused}");
    }
    let refused = folder.refused("application show none.toml");
    assert!(refused.starts_with("cannot read none.toml"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_passes_or_the_command_says_which_request_it_failed() {
    let folder = TestFolder::new("application-service", "http://127.0.0.1:1");
    let write = |check: &str| {
        fs::write(folder.file("hello.toml"), document("hello", check)).unwrap();
    };
    let url = serve("hello, world").await;
    write("kind = \"http\"\npath = \"/\"\npaths = [\"/a\"]\ncontains = \"hello\"");
    let checked = folder.json(&format!("application check hello.toml {url}"));
    assert_eq!(checked["requests"].as_array().unwrap().len(), 2);
    write("kind = \"http\"\npath = \"/\"\ncontains = \"bye\"");
    let refused = folder.refused(&format!("application check hello.toml {url}"));
    let why = "does not pass: GET / answers with success and contains \"bye\": wrong response";
    assert!(refused.ends_with(why), "{refused}");
    let mut service = BackgroundProcess::start(&folder, "example factor --listen 127.0.0.1:0");
    let factor = service.field("url");
    write("kind = \"factor\"");
    folder.json(&format!("application check hello.toml {factor}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_comes_from_a_url_unless_its_check_is_a_command() {
    let folder = TestFolder::new("application-url", "http://127.0.0.1:1");
    let text = document("hello", "kind = \"http\"\npath = \"/\"");
    fs::write(folder.file("hello.toml"), &text).unwrap();
    let url = serve(text.leak()).await;
    let shown = folder.json(&format!("application show {url}/hello.toml"));
    assert_eq!(shown, folder.json("application show hello.toml"));
    let command = document("hello", "kind = \"command\"\nrun = \"true\"\npath = \"/\"");
    fs::write(folder.file("hello.toml"), &command).unwrap();
    folder.json("application show hello.toml");
    let url = serve(command.leak()).await;
    let refused = folder.refused(&format!("application show {url}/hello.toml"));
    assert!(refused.contains("is a command, which would run on this machine"), "{refused}");
    let refused = folder.refused("application show http://127.0.0.1:1/hello.toml");
    assert!(refused.starts_with("cannot fetch the application document"), "{refused}");
}
