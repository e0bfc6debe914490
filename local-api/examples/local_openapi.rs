//! Prints the OpenAPI document, which is committed: `cargo run -p muster-local-api --example local_openapi > local-api/openapi.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(muster_local_api::openapi_document().as_bytes())
}
