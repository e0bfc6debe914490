//! An HTTP service that draws a picture for every name, the same on every worker: `GET /NAME.svg`. `GET /` is a page to try it.

use std::fmt::Write as _;
use std::io::Write;

use wasip2::cli::{environment::get_environment, stdout::get_stdout};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wasip2::http::proxy::export!(Avatars);

/// The page at `/`.
const PAGE: &str = "<!doctype html><title>Avatars</title><h1>Avatars</h1>\
    <input id=name value=muster oninput=\"picture.src=encodeURIComponent(this.value||' ')+'.svg'\">\
    <p><img id=picture src=muster.svg width=240></p>\n";

/// Squares in a row of a picture, of which the right half mirrors the left.
const SIDE: u64 = 7;

/// The component.
struct Avatars;

/// A response.
struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
}

impl Guest for Avatars {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let variables = get_environment();
        let greeting = variables.iter().find(|(name, _)| name == "GREETING");
        let greeting = greeting.map(|(_, value)| value.as_str());
        let answer = answer(&request.method(), &path, greeting);
        // `println!` and `std::env` do the same with the target wasm32-wasip2.
        let _ = writeln!(get_stdout(), "{} {path}", answer.status);
        let headers = Fields::new();
        let content_type = answer.content_type.as_bytes().to_vec();
        headers.append("content-type", &content_type).expect("the header is valid");
        let response = OutgoingResponse::new(headers);
        response.set_status_code(answer.status).expect("the status is valid");
        let body = response.body().expect("the body was not taken");
        ResponseOutparam::set(out, Ok(response));
        let mut stream = body.write().expect("the stream was not taken");
        // Whoever asked may be gone.
        let _ = stream.write_all(answer.body.as_bytes()).and_then(|()| Write::flush(&mut stream));
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

/// What a request gets.
fn answer(method: &Method, path: &str, greeting: Option<&str>) -> Answer {
    let path = path.split('?').next().unwrap_or_default();
    let text = |status, body: &str| Answer {
        status,
        content_type: "text/plain; charset=utf-8",
        body: format!("{body}\n"),
    };
    match (method, path.strip_prefix('/').and_then(|name| name.strip_suffix(".svg"))) {
        (Method::Get | Method::Head, Some(name)) => {
            Answer { status: 200, content_type: "image/svg+xml", body: picture(name) }
        }
        (Method::Get, None) if path == "/" => {
            let body = greeting.map_or_else(|| PAGE.to_owned(), |greeting| format!("{greeting}\n"));
            Answer { status: 200, content_type: "text/html; charset=utf-8", body }
        }
        (Method::Get | Method::Head, None) => text(404, "ask for /NAME.svg"),
        _ => text(405, "use GET"),
    }
}

/// The picture of a name.
fn picture(name: &str) -> String {
    let mut bits = hash(name);
    let colour = bits % 360;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {SIDE} {SIDE}\" \
         fill=\"hsl({colour} 65% 45%)\"><rect width=\"{SIDE}\" height=\"{SIDE}\" fill=\"#f4f4f4\"/>"
    );
    for y in 0..SIDE {
        for x in 0..SIDE.div_ceil(2) {
            bits = next(bits);
            if bits >> 63 == 0 {
                continue;
            }
            for x in [x, SIDE - 1 - x] {
                // Writing to a string cannot fail.
                let _ = write!(svg, "<path d=\"M{x} {y}h1v1h-1z\"/>");
            }
        }
    }
    svg + "</svg>\n"
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    next(text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// The next of a row of numbers that look random.
const fn next(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}
