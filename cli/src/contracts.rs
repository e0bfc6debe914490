//! The contracts that this binary embeds: `contracts/` in the package, which `scripts/wasm --embed` writes.

use std::path::Path;

use muster_client::{Program, ProgramError};

use crate::error::CliError;

/// A contract's module, compressed.
#[derive(Debug)]
pub(crate) struct EmbeddedContract {
    /// Its file in the package.
    file: &'static str,
    /// The file's content: the code that goes on chain, without its prefix.
    compressed: &'static [u8],
}

/// `WorkAgreement`.
pub(crate) const AGREEMENT: EmbeddedContract = EmbeddedContract {
    file: "contracts/agreement.wasm.br",
    compressed: include_bytes!("../contracts/agreement.wasm.br"),
};

/// `WorkerDispatcher`.
pub(crate) const DISPATCHER: EmbeddedContract = EmbeddedContract {
    file: "contracts/dispatcher.wasm.br",
    compressed: include_bytes!("../contracts/dispatcher.wasm.br"),
};

impl EmbeddedContract {
    /// The program.
    ///
    /// # Errors
    /// [`CliError::Program`] if the package was built with a damaged file.
    pub(crate) fn program(&self) -> Result<Program, CliError> {
        let mut module = Vec::new();
        brotli::BrotliDecompress(&mut &*self.compressed, &mut module)
            .map_err(|error| ProgramError::NotWasm(error.into()))
            .and_then(|()| Program::from_wasm(&module))
            .map_err(|source| CliError::Program { path: Path::new(self.file).into(), source })
    }
}
