//! Prints the OpenAPI document, for openapi.json.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(muster_index_api::openapi_document().as_bytes())
}
