//! Prints the OpenAPI document of this API: `cargo run -p muster-job-api --example openapi > job-api/openapi.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(muster_job_api::openapi_document().as_bytes())
}
