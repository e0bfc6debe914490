//! The process in which one component is compiled, or answers requests.
//!
//! The host program starts itself again for it, so [`child_main`] must be among the first things that its `main` calls.

mod compile;
mod handler;
mod log;
mod metered;
mod response;
mod serve;
mod state;
mod unsafe_load;

use crate::request::{CHILD_VARIABLE, Request};
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    os::{fd::AsFd, unix::net::UnixStream},
};

/// Serves as a child process if this process was started as one, and then ends it; else returns at once.
///
/// Call it before anything else in `main`, in any order with [`muster_compute::child_main`].
pub fn child_main() {
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        let code = i32::from(serve().is_err());
        std::process::exit(code);
    }
}

/// Reads the request and obeys it.
fn serve() -> io::Result<()> {
    let control = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let code = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;

    let mut line = Vec::new();
    BufReader::new(&control).read_until(b'\n', &mut line)?;
    let request: Request = serde_json::from_slice(&line)?;
    muster_compute::end_with_parent(request.parent())?;
    match request {
        Request::Compile { seconds, memory, .. } => {
            compile::serve((seconds, memory), input.into(), control)
        }
        Request::Serve { environment, limits, .. } => {
            serve::serve(environment, limits, &code, input.into(), control)
        }
    }
}
