//! Sends what a program left.

use crate::{
    execute::Ended,
    frame::{Frame, FrameWriter},
    fs::{Content, Errno, Fault, FileSystem, FileType, NodeId},
    job::JobDocument,
    wasi::Wasi,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, ErrorKind},
};

/// How a program ended, as its process tells it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndReport {
    /// How.
    pub(crate) outcome: crate::Outcome,
    /// Why it trapped.
    pub(crate) trap: Option<String>,
    /// Processor time of the process, in nanoseconds.
    pub(crate) cpu: u64,
}

/// Sends standard error and output, every regular file below the job's outputs, and how the program ended.
pub(super) fn send(
    job: &JobDocument,
    ended: Ended,
    output: &mut FrameWriter<File>,
) -> io::Result<()> {
    let Ended { outcome, trap, wasi: Wasi { fs, stdout, stderr, .. } } = ended;
    output.send(Frame::Stderr, &stderr)?;
    output.send(Frame::Stdout, &stdout)?;
    for place in &job.outputs {
        if let Some(node) = fs.find(place.path()) {
            let files = files(&fs, place.path().as_str(), node).map_err(|_| ErrorKind::Other)?;
            for (path, node) in files {
                output.send(Frame::Path, path.as_bytes())?;
                let content = fs.content(node).map_err(|_| ErrorKind::Other)?;
                send_content(content, output)?;
            }
        }
    }
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default().saturating_mul(1_000_000_000);
    let cpu = seconds.saturating_add(u64::try_from(now.tv_nsec).unwrap_or_default());
    output.send(Frame::Ended, &serde_json::to_vec(&EndReport { outcome, trap, cpu })?)
}

/// The regular files at a path and below it. Links are not followed.
fn files(fs: &FileSystem, path: &str, node: NodeId) -> Result<Vec<(String, NodeId)>, Errno> {
    let mut found = Vec::new();
    let mut open = vec![(path.to_owned(), node)];
    while let Some((path, node)) = open.pop() {
        match fs.stat(node)?.file_type {
            FileType::File => found.push((path, node)),
            FileType::Folder => {
                let entries = fs.list(node)?.into_iter();
                open.extend(entries.map(|(name, stat)| (format!("{path}/{name}"), stat.node)));
            }
            FileType::Link | FileType::Unknown => {}
        }
    }
    Ok(found)
}

/// Sends a file in parts.
fn send_content(content: &Content, output: &mut FrameWriter<File>) -> io::Result<()> {
    output.begin(Frame::Content, content.size())?;
    let mut buffer = vec![0; 64 << 10];
    let mut offset = 0;
    loop {
        let read = content.read_at(&mut buffer, offset).map_err(|fault| match fault {
            Fault::Host(error) => error,
            Fault::Errno(_) | Fault::Memory => ErrorKind::Other.into(),
        })?;
        if read == 0 {
            return Ok(());
        }
        output.part(buffer.get(..read).unwrap_or_default())?;
        offset = offset.saturating_add(crate::fs::as_u64(read));
    }
}
