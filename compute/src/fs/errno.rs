//! Error numbers of WASI preview 1, and what is no error of the program.

use crate::path::PathError;
use std::io;

/// An error number that a program gets. Named as in the specification of WASI preview 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Errno {
    /// Not an open descriptor, or not opened for this.
    Badf = 8,
    /// A file of this name exists.
    Exist = 20,
    /// An address outside the program's memory.
    Fault = 21,
    /// A text that is not UTF-8.
    Ilseq = 25,
    /// An argument that makes no sense.
    Inval = 28,
    /// A folder where a file is needed.
    Isdir = 31,
    /// Too many symbolic links on a path.
    Loop = 32,
    /// Too many open descriptors.
    Mfile = 33,
    /// A name, a path or a depth beyond the limits.
    Nametoolong = 37,
    /// No such file or folder.
    Noent = 44,
    /// The job's storage is used up.
    Nospc = 51,
    /// A file where a folder is needed.
    Notdir = 54,
    /// A folder that is not empty.
    Notempty = 55,
    /// A descriptor that is no socket.
    Notsock = 57,
    /// Not part of the profile.
    Notsup = 58,
    /// A number too large for its type.
    Overflow = 61,
    /// A path that leads out of the folder that it starts at.
    Perm = 63,
    /// A stream that has no position.
    Spipe = 70,
}

impl Errno {
    /// The number that the program gets.
    #[expect(clippy::as_conversions, reason = "the enum is a u16")]
    pub(crate) const fn number(self) -> u16 {
        self as u16
    }
}

/// Why an operation of a program failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The program gets an error number, the same everywhere.
    Errno(Errno),
    /// An input could not be read on this machine: the job ends without a result.
    Host(io::Error),
    /// This machine has no memory left: the job ends without a result.
    Memory,
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<std::collections::TryReserveError> for Fault {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::Memory
    }
}

impl From<PathError> for Errno {
    fn from(error: PathError) -> Self {
        match error {
            PathError::LongName | PathError::TooDeep => Self::Nametoolong,
            PathError::Relative
            | PathError::EmptyName
            | PathError::Dots
            | PathError::ControlCharacter => Self::Inval,
        }
    }
}
