//! Arguments and files by WASI preview 1. With the target `wasm32-wasip1`, `std` does all of this.

use crate::Failure;

/// The folder that a job's program finds open: the root.
const ROOT: wasi::Fd = 3;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// The arguments, the program's name first.
pub(crate) fn arguments() -> Result<Vec<String>, Failure> {
    // SAFETY: no memory is touched but what the host is told.
    let (count, size) = unsafe { wasi::args_sizes_get() }.map_err(|errno| errno.to_string())?;
    let (mut pointers, mut bytes) = (vec![std::ptr::null_mut(); count], vec![0_u8; size]);
    // SAFETY: both are as large as the host said.
    unsafe { wasi::args_get(pointers.as_mut_ptr(), bytes.as_mut_ptr()) }
        .map_err(|errno| errno.to_string())?;
    let texts = bytes.split(|byte| *byte == 0).take(count);
    Ok(texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

/// The content of a file.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let file = open(path, 0, wasi::RIGHTS_FD_READ)?;
    let mut content = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let into = [wasi::Iovec { buf: piece.as_mut_ptr(), buf_len: piece.len() }];
        // SAFETY: the host writes into the piece alone.
        let read = unsafe { wasi::fd_read(file, &into) }.map_err(|errno| failed(path, errno))?;
        if read == 0 {
            return close(path, file).map(|()| content);
        }
        content.extend_from_slice(&piece[..read]);
    }
}

/// Makes a file.
pub(crate) fn write(path: &str, mut content: &[u8]) -> Result<(), Failure> {
    let file = open(path, wasi::OFLAGS_CREAT | wasi::OFLAGS_TRUNC, wasi::RIGHTS_FD_WRITE)?;
    while !content.is_empty() {
        let from = [wasi::Ciovec { buf: content.as_ptr(), buf_len: content.len() }];
        // SAFETY: the host reads the content alone.
        let written = unsafe { wasi::fd_write(file, &from) }.map_err(|errno| failed(path, errno))?;
        content = &content[written..];
    }
    close(path, file)
}

/// The names in a folder, sorted.
pub(crate) fn list(path: &str) -> Result<Vec<String>, Failure> {
    let folder = open(path, wasi::OFLAGS_DIRECTORY, wasi::RIGHTS_FD_READDIR)?;
    let (mut names, mut cookie) = (Vec::new(), 0);
    let mut entries = vec![0; PIECE];
    loop {
        // SAFETY: the host writes into the entries alone.
        let filled = unsafe { wasi::fd_readdir(folder, entries.as_mut_ptr(), entries.len(), cookie) };
        let filled = filled.map_err(|errno| failed(path, errno))?;
        let mut rest = &entries[..filled];
        // What is cut off at the end comes again.
        while let Some((head, after)) = rest.split_first_chunk::<24>() {
            let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
            let length = number(16) as usize;
            let Some((name, next)) = after.split_at_checked(length) else { break };
            cookie = u64::from(number(0)) | u64::from(number(4)) << 32;
            let name = String::from_utf8_lossy(name).into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
            rest = next;
        }
        if filled < entries.len() {
            names.sort();
            return close(path, folder).map(|()| names);
        }
    }
}

/// Says something to standard error.
pub(crate) fn complain(text: &str) {
    let line = format!("pictures: {text}\n");
    let from = [wasi::Ciovec { buf: line.as_ptr(), buf_len: line.len() }];
    // SAFETY: the host reads the line alone. If it fails, there is nobody to tell.
    let _ = unsafe { wasi::fd_write(2, &from) };
}

/// Ends the program.
pub(crate) fn exit(code: u32) -> ! {
    // SAFETY: nothing is needed any more.
    unsafe { wasi::proc_exit(code) };
    unreachable!("the program has ended")
}

/// Opens what lies at a path.
fn open(path: &str, how: wasi::Oflags, rights: wasi::Rights) -> Result<wasi::Fd, Failure> {
    let relative = path.trim_start_matches('/');
    // SAFETY: no memory is touched but the path.
    let opened = unsafe { wasi::path_open(ROOT, 0, relative, how, rights, 0, 0) };
    opened.map_err(|errno| failed(path, errno))
}

/// Closes a file.
fn close(path: &str, file: wasi::Fd) -> Result<(), Failure> {
    // SAFETY: nobody uses it any more.
    unsafe { wasi::fd_close(file) }.map_err(|errno| failed(path, errno))
}

/// What failed where.
fn failed(path: &str, errno: wasi::Errno) -> Failure {
    format!("{path}: {}", errno.message())
}
