//! Signatures of functions, and values as text.

use std::fmt::Display;

use alloy::primitives::{hex, keccak256};
use alloy_dyn_abi::{DynSolType, DynSolValue};

use super::AbiError;

/// A function: name, arguments and results, such as `transfer(address,uint256)(bool)`.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// As it was written.
    text: Box<str>,
    /// Its name.
    name: Box<str>,
    /// Types of its arguments.
    inputs: Vec<DynSolType>,
    /// Types of its results.
    outputs: Vec<DynSolType>,
}

impl Signature {
    /// Parses a signature.
    ///
    /// # Errors
    /// [`AbiError::Signature`].
    pub(super) fn parse(text: &str) -> Result<Self, AbiError> {
        let parsed = text.trim().split_once('(').and_then(|(name, rest)| {
            let (inputs, outputs) = rest.split_at_checked(list_end(rest)?)?;
            let outputs = outputs.trim_start_matches(')').trim();
            let outputs = match outputs.strip_prefix('(') {
                Some(list) => list.strip_suffix(')')?,
                None if outputs.is_empty() => "",
                None => return None,
            };
            let (inputs, outputs) = (types(inputs)?, types(outputs)?);
            Some(Self { text: text.into(), name: name.trim().into(), inputs, outputs })
        });
        parsed.ok_or_else(|| AbiError::Signature(text.into()))
    }

    /// The first bytes of a call.
    pub(super) fn selector(&self) -> [u8; 4] {
        let names: Vec<_> = self.inputs.iter().map(DynSolType::sol_type_name).collect();
        let hash = keccak256(format!("{}({})", self.name, names.join(",")));
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// Encodes arguments.
    ///
    /// # Errors
    /// [`AbiError::Count`], [`AbiError::Argument`].
    pub(super) fn encode(&self, arguments: &[&dyn Display]) -> Result<Vec<u8>, AbiError> {
        if arguments.len() != self.inputs.len() {
            return Err(AbiError::Count {
                signature: self.text.clone(),
                expected: self.inputs.len(),
                given: arguments.len(),
            });
        }
        let values =
            self.inputs.iter().zip(arguments).enumerate().map(|(index, (kind, argument))| {
                let text = argument.to_string();
                kind.coerce_str(&text).map_err(|_| AbiError::Argument {
                    index,
                    text: text.into(),
                    expected: kind.sol_type_name().into(),
                })
            });
        Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?).abi_encode_params())
    }

    /// Decodes results; none if the signature does not tell any.
    ///
    /// # Errors
    /// [`AbiError::Result`].
    pub(super) fn decode(&self, data: &[u8]) -> Result<Vec<String>, AbiError> {
        if self.outputs.is_empty() {
            return Ok(Vec::new());
        }
        match DynSolType::Tuple(self.outputs.clone()).abi_decode_params(data) {
            Ok(DynSolValue::Tuple(values)) => Ok(values.iter().map(display).collect()),
            _ => Err(AbiError::Result { signature: self.text.clone(), data: data.into() }),
        }
    }
}

/// Position of the bracket that ends a list whose opening bracket is before `text`.
fn list_end(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (position, character) in text.char_indices() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(position);
        }
    }
    None
}

/// The types of a list.
fn types(list: &str) -> Option<Vec<DynSolType>> {
    if list.trim().is_empty() {
        return Some(Vec::new());
    }
    match DynSolType::parse(&format!("({list})")).ok()? {
        DynSolType::Tuple(types) => Some(types),
        _ => None,
    }
}

/// A value as text: numbers in decimal, bytes in hexadecimal, lists in brackets.
pub(crate) fn display(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(display).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::String(text) => text.clone(),
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::FixedBytes(word, size) => {
            hex::encode_prefixed(word.get(..*size).unwrap_or_default())
        }
        DynSolValue::Function(function) => hex::encode_prefixed(function),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            format!("[{}]", list(values))
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            format!("({})", list(values))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_a_selector_arguments_and_results() {
        let signature = Signature::parse("transfer(address,uint256)(bool)").unwrap();
        assert_eq!(signature.selector(), hex!("a9059cbb"));
        let to = "0x00000000000000000000000000000000000000aa";
        let data = signature.encode(&[&to, &5]).unwrap();
        assert_eq!(data.len(), 64);
        assert_eq!((data[31], data[63]), (0xaa, 5));
        assert_eq!(signature.decode(&[&[0; 31][..], &[1]].concat()).unwrap(), ["true"]);
        let nested = Signature::parse("f((uint256,bytes2)[],string)((uint256,bool)[])").unwrap();
        let data = nested.encode(&[&"[(1, 0x0102), (2, 0x0304)]", &"a, b"]).unwrap();
        let same = Signature::parse("f()((uint256,bytes2)[],string)").unwrap();
        assert_eq!(same.decode(&data).unwrap(), ["[(1, 0x0102), (2, 0x0304)]", "a, b"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for text in ["", "f", "f(", "f(uint256", "f(nothing)", "f() returns", "f()(uint256"] {
            assert_eq!(Signature::parse(text).unwrap_err(), AbiError::Signature(text.into()));
        }
        let signature = Signature::parse("f(uint8)(bool)").unwrap();
        let count = signature.encode(&[]).unwrap_err().to_string();
        assert_eq!(count, "f(uint8)(bool) takes 1 arguments, not 0");
        let argument = signature.encode(&[&"256"]).unwrap_err().to_string();
        assert_eq!(argument, "argument 0 is \"256\", which is no uint8");
        let result = signature.decode(&[1]).unwrap_err().to_string();
        assert_eq!(result, "f(uint8)(bool) returned 0x01, which has other types");
    }
}
