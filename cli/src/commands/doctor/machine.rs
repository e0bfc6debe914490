//! This machine: the state folder, and what the kernel does against programs of clients.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use muster_compute::{BlobStore, Runner, Settings};
use muster_job_api::HostError;
use tokio::task::block_in_place;

use crate::commands::doctor::finding::Report;
use crate::context::Context;
use crate::error::CliError;

/// Checks that state files can be made.
pub(super) fn check_state_folder(context: &Context, report: &mut Report) {
    let folder = context.state_folder();
    let file = folder.join(format!("doctor-{}", std::process::id()));
    let created = private_folder(folder);
    let written = created.and_then(|()| fs::write(&file, "")).and_then(|()| fs::remove_file(&file));
    match written {
        Ok(()) => report.ok("state folder", format_args!("{} is writable", folder.display())),
        Err(error) => {
            let found = format_args!("{}: {error}", folder.display());
            report.wrong(
                "state folder",
                found,
                "give it to this user, or name another with --state-folder",
            );
        }
    }
}

/// Creates a folder for this user alone, if there is none.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Checks what the kernel does against programs of clients, which workers for `wasm1` and testers run.
pub(super) fn check_protections(report: &mut Report) {
    let folder = std::env::temp_dir().join(format!("muster-doctor-{}", std::process::id()));
    let missing = missing_protections(&folder);
    // Nothing but an empty cache is lost.
    let _ = fs::remove_dir_all(&folder);
    match missing {
        Ok(missing) if missing.is_empty() => report.ok("jobs", "the kernel confines them"),
        Ok(missing) => {
            let found = format_args!("the kernel lacks {}", missing.join(", "));
            let advice = "use a kernel with Landlock and seccomp, or run no jobs of others beside anything that you cannot lose";
            report.wrong("jobs", found, advice);
        }
        Err(error) => report.failed("jobs", &error),
    }
}

/// The protections that this kernel does not give.
fn missing_protections(folder: &Path) -> Result<Vec<String>, CliError> {
    let write = |source| CliError::Write { path: folder.into(), source };
    private_folder(folder).map_err(write)?;
    let blobs = BlobStore::open(folder.join("blobs"))?;
    let runner = block_in_place(|| Runner::new(Settings::new(folder.join("cache")), blobs));
    let runner = runner.map_err(HostError::from)?;
    Ok(runner.missing_protections().iter().map(ToString::to_string).collect())
}
