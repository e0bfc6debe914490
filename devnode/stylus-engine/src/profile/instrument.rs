//! Adds a call of the host to the start and the end of every function of a metered module.

use std::convert::Infallible;

use wasm_encoder::{
    BlockType, CodeSection, EntityType, FunctionSection, ImportSection, Instruction, Module,
    SectionId, TypeSection, ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{
    FunctionBody, FunctionSectionReader, ImportSectionReader, Parser, TypeSectionReader,
};

use crate::error::ParseError;

/// The module that the report function is imported from; no program can import from it.
pub(crate) const REPORT_MODULE: &str = "stylus_profile";

/// The imported function: gets the index of the function that is entered, or [`LEAVE`].
pub(crate) const REPORT: &str = "report";

/// Argument of the report function when a function is left.
pub(crate) const LEAVE: i32 = -1;

/// Result of a step of the pass.
type PassResult<T = ()> = Result<T, Error<Infallible>>;

/// Adds the report function to a metered module with this many imports.
///
/// # Errors
/// [`ParseError`], which no metered module causes.
pub(crate) fn instrument(metered: &[u8], imports: usize) -> Result<Vec<u8>, ParseError> {
    let mut pass = Pass { imports: u32::try_from(imports)?, types: 0, functions: Vec::new() };
    let mut module = Module::new();
    pass.parse_core_module(&mut module, Parser::new(0), metered)?;
    Ok(module.finish())
}

/// The pass over one module. The report function becomes the last import, so that defined functions move by one
/// index.
struct Pass {
    /// Functions that the module imports.
    imports: u32,
    /// Types of the module. A block type for each follows them, then the type of the report function.
    types: u32,
    /// Type of each function that the module defines, last first; bodies take them from the end.
    functions: Vec<u32>,
}

impl Pass {
    /// Imports the report function.
    fn import_report(&self, imports: &mut ImportSection) {
        let ty = EntityType::Function(self.types.saturating_mul(2));
        imports.import(REPORT_MODULE, REPORT, ty);
    }

    /// Calls the report function.
    const fn call_report(&self, argument: i32) -> [Instruction<'static>; 2] {
        [Instruction::I32Const(argument), Instruction::Call(self.imports)]
    }
}

impl Reencode for Pass {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> PassResult<u32> {
        Ok(if function < self.imports { function } else { function.saturating_add(1) })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> PassResult {
        utils::parse_type_section(self, types, section.clone())?;
        for ty in section.into_iter_err_on_gc_types() {
            let results: Result<Vec<_>, _> =
                ty?.results().iter().map(|&result| self.val_type(result)).collect();
            types.ty().function([], results?);
            self.types = self.types.saturating_add(1);
        }
        types.ty().function([ValType::I32], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> PassResult {
        utils::parse_import_section(self, imports, section)?;
        self.import_report(imports);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> PassResult {
        if before == Some(SectionId::Function) && self.imports == 0 {
            let mut imports = ImportSection::new();
            self.import_report(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> PassResult {
        self.functions = section.clone().into_iter().collect::<Result<_, _>>()?;
        self.functions.reverse();
        utils::parse_function_section(self, functions, section)
    }

    /// Wraps the body in a block, because a branch to the body's own label leaves the function too.
    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> PassResult {
        let function = self.imports.saturating_add(code.len());
        let ty = self.functions.pop().unwrap_or_default();
        let block = BlockType::FunctionType(self.types.saturating_add(ty));
        let mut encoded = self.new_function_with_parsed_locals(&body)?;
        for instruction in self.call_report(function.cast_signed()) {
            encoded.instruction(&instruction);
        }
        encoded.instruction(&Instruction::Block(block));
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let instruction = self.parse_instruction(&mut operators)?;
            if matches!(instruction, Instruction::Return) {
                for instruction in self.call_report(LEAVE) {
                    encoded.instruction(&instruction);
                }
            }
            encoded.instruction(&instruction);
        }
        for instruction in self.call_report(LEAVE) {
            encoded.instruction(&instruction);
        }
        encoded.instruction(&Instruction::End);
        code.function(&encoded);
        Ok(())
    }
}
