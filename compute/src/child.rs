//! The process in which one module is compiled, or one job runs.
//!
//! The host program starts itself again for it, so [`child_main`] must be the first thing that its `main` calls.

mod compile;
mod outputs;
mod run;
mod sandbox;
mod unsafe_load;

pub(crate) use outputs::EndReport;
pub use sandbox::{Protection, Sandbox, end_with_parent};

use crate::{
    frame::{Frame, FrameWriter},
    request::{CHILD_VARIABLE, Request},
};
use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
};

/// Serves as a child process if this process was started as one, and then ends it; else returns at once.
///
/// Call it first thing in `main`: a program that does not would start itself again and again. [`Runner::new`]
/// therefore refuses to work in a process that was started as a child, and checks that its child answers.
///
/// [`Runner::new`]: crate::Runner::new
pub fn child_main() {
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        let code = i32::from(serve().is_err());
        std::process::exit(code);
    }
}

/// Reads the request, obeys it, and writes frames to standard output.
fn serve() -> io::Result<()> {
    let mut request = Vec::new();
    io::stdin().lock().read_to_end(&mut request)?;
    let request: Request = serde_json::from_slice(&request)?;
    sandbox::end_with_parent(request.parent())?;
    let mut output = FrameWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    // The module, or its code, comes in place of standard error: open, so that it cannot be exchanged any more.
    let subject = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stderr(File::open("/dev/null")?)?;
    match request {
        Request::Probe { .. } => {
            let missing = sandbox::confined((10, 256 << 20), sandbox::missing)?;
            output.send(Frame::Missing, &serde_json::to_vec(&missing)?)?;
        }
        Request::Compile(request) => compile::serve(&request, subject, output)?,
        Request::Run(request) => run::serve(*request, subject, output)?,
    }
    Ok(())
}
