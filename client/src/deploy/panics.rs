//! Panics that a module can reach, found by the names of its functions.

use wasmparser::{BinaryReaderError, KnownCustom, Name, NameSectionReader, Parser, Payload};

use super::program_error::ProgramError;

/// Checks that a module, as the compiler wrote it with names, contains no function of the panic machinery.
///
/// # Errors
/// [`ProgramError::Panics`] with the first such function; [`ProgramError::NoNames`].
pub fn check_no_panics(module: &[u8]) -> Result<(), ProgramError> {
    let mut named = false;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(reader) = section.as_known() else { continue };
        named = true;
        if let Some(function) = find_panicking_function(reader)? {
            return Err(ProgramError::Panics(function));
        }
    }
    if named { Ok(()) } else { Err(ProgramError::NoNames) }
}

/// The first function in a name section that belongs to the panic machinery.
fn find_panicking_function(
    section: NameSectionReader<'_>,
) -> Result<Option<Box<str>>, BinaryReaderError> {
    for subsection in section {
        let Name::Function(functions) = subsection? else { continue };
        for function in functions {
            let name = function?.name;
            if name.contains("panic") {
                return Ok(Some(name.into()));
            }
        }
    }
    Ok(None)
}
