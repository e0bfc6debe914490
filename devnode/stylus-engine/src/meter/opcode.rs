//! The opcode table: ink and stack effect of each opcode.

use wasmparser::Operator;

use crate::wasm::Wasm;

/// Ink of float opcodes: a module may contain them, but no call can pay for them.
const UNPAYABLE: u64 = u64::MAX;

/// Price and stack effect of one opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpcodeInfo {
    /// Ink.
    pub(super) ink: u64,
    /// Operands pushed minus operands popped; zero for calls and blocks, whose effect depends on
    /// their types.
    pub(super) stack_delta: i8,
}

/// Looks up an operator; `None` if programs may not use it.
#[expect(clippy::too_many_lines, reason = "one table, a row for each price and effect")]
pub(super) fn opcode_info(operator: &Operator<'_>, wasm: &Wasm<'_>) -> Option<OpcodeInfo> {
    use Operator as O;
    let (ink, stack_delta) = match operator {
        O::Unreachable
        | O::Return
        | O::Nop
        | O::Block { .. }
        | O::Loop { .. }
        | O::Else
        | O::End => (1, 0),
        O::I32Const { .. } | O::I64Const { .. } => (1, 1),
        O::Drop => (9, -1),
        O::Br { .. } => (765, 0),
        O::BrIf { .. } | O::If { .. } => (765, -1),
        O::BrTable { targets } => {
            (u64::from(targets.len()).saturating_mul(325).saturating_add(2400), -1)
        }
        O::Select => (1250, -2),
        O::Call { .. } => (3800, 0),
        O::CallIndirect { type_index, .. } => {
            let params = wasm.ty(*type_index)?.params().len();
            (u64::try_from(params).ok()?.saturating_mul(650).saturating_add(13_610), 0)
        }
        O::LocalGet { .. } => (75, 1),
        O::LocalTee { .. } => (75, 0),
        O::LocalSet { .. } => (210, -1),
        O::GlobalGet { .. } => (225, 1),
        O::GlobalSet { .. } => (575, -1),
        O::I32Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. } => (670, 0),
        O::I64Load { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. } => (680, 0),
        O::I32Store { .. } | O::I32Store8 { .. } | O::I32Store16 { .. } => (825, -2),
        O::I64Store { .. } | O::I64Store8 { .. } | O::I64Store16 { .. } | O::I64Store32 { .. } => {
            (950, -2)
        }
        O::MemorySize { .. } => (3000, 1),
        O::MemoryGrow { .. } => (8050, 0),
        O::MemoryCopy { .. } | O::MemoryFill { .. } => (950, -3),
        O::I32Eqz => (170, 0),
        O::I32Eq
        | O::I32Ne
        | O::I32LtS
        | O::I32LtU
        | O::I32GtS
        | O::I32GtU
        | O::I32LeS
        | O::I32LeU
        | O::I32GeS
        | O::I32GeU => (170, -1),
        O::I64Eqz => (225, 0),
        O::I64Eq
        | O::I64Ne
        | O::I64LtS
        | O::I64LtU
        | O::I64GtS
        | O::I64GtU
        | O::I64LeS
        | O::I64LeU
        | O::I64GeS
        | O::I64GeU => (225, -1),
        O::I32Clz | O::I32Ctz | O::I64Clz | O::I64Ctz => (210, 0),
        O::I32Add
        | O::I32Sub
        | O::I32And
        | O::I32Or
        | O::I32Xor
        | O::I32Shl
        | O::I32ShrS
        | O::I32ShrU
        | O::I32Rotl
        | O::I32Rotr => (70, -1),
        O::I64Add
        | O::I64Sub
        | O::I64And
        | O::I64Or
        | O::I64Xor
        | O::I64Shl
        | O::I64ShrS
        | O::I64ShrU
        | O::I64Rotl
        | O::I64Rotr => (100, -1),
        O::I32Mul | O::I64Mul => (160, -1),
        O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU => (1120, -1),
        O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU => (1270, -1),
        O::I32Popcnt => (2650, 0),
        O::I64Popcnt => (6000, 0),
        O::I32WrapI64
        | O::I64ExtendI32S
        | O::I64ExtendI32U
        | O::I32Extend8S
        | O::I32Extend16S
        | O::I64Extend8S
        | O::I64Extend16S
        | O::I64Extend32S => (100, 0),
        O::F32Const { .. } | O::F64Const { .. } => (UNPAYABLE, 1),
        O::F32Store { .. } | O::F64Store { .. } => (UNPAYABLE, -2),
        O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32ReinterpretF32
        | O::I64ReinterpretF64
        | O::F32ReinterpretI32
        | O::F64ReinterpretI64 => (UNPAYABLE, 0),
        _ => return None,
    };
    Some(OpcodeInfo { ink, stack_delta })
}

/// Whether an operator ends its basic block.
pub(super) const fn ends_block(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::End
            | O::Else
            | O::Return
            | O::Loop { .. }
            | O::Br { .. }
            | O::BrTable { .. }
            | O::BrIf { .. }
            | O::If { .. }
            | O::Call { .. }
            | O::CallIndirect { .. }
    )
}
