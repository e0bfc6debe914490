//! Values and rows, the same for every database.
//!
//! Amounts are 16 bytes, the highest first, so that they are exact and sort as numbers do. Numbers beyond 2^63 − 1 that are no
//! amounts do not occur in a market; they are cut to that.

use alloy::primitives::{Address, B256, FixedBytes};
use serde::{Deserialize, Serialize};

use crate::database_error::DatabaseError;

/// A value of a column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value of a column, from 0.
    ///
    /// # Errors
    /// [`DatabaseError::Damaged`] if it is missing or of another type.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, DatabaseError> {
        let value = self.0.get(column).and_then(T::from_value);
        value.ok_or(DatabaseError::Damaged { column, expected: T::NAME })
    }
}

/// A type that a column can hold.
pub trait FromValue: Sized {
    /// Its name, for errors.
    const NAME: &'static str;
    /// The value; `None` if it is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

/// Conversions of integers.
macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }

        impl FromValue for $integer {
            const NAME: &'static str = stringify!($integer);

            fn from_value(value: &Value) -> Option<Self> {
                let Value::Integer(number) = value else { return None };
                Self::try_from(*number).ok()
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i64);

/// Conversions of arrays of bytes.
macro_rules! arrays {
    ($($array:ty),*) => {$(
        impl From<$array> for Value {
            fn from(bytes: $array) -> Self {
                Self::Bytes(bytes.to_vec())
            }
        }

        impl FromValue for $array {
            const NAME: &'static str = stringify!($array);

            fn from_value(value: &Value) -> Option<Self> {
                let Value::Bytes(bytes) = value else { return None };
                Self::try_from(bytes.as_slice()).ok()
            }
        }
    )*};
}

arrays!(Address, B256, FixedBytes<8>, [u8; 16], [u8; 8]);

impl From<u128> for Value {
    fn from(amount: u128) -> Self {
        Self::Bytes(amount.to_be_bytes().to_vec())
    }
}

impl FromValue for u128 {
    const NAME: &'static str = "amount of 16 bytes";

    fn from_value(value: &Value) -> Option<Self> {
        <[u8; 16]>::from_value(value).map(Self::from_be_bytes)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl FromValue for bool {
    const NAME: &'static str = "flag";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl FromValue for String {
    const NAME: &'static str = "text";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl FromValue for Vec<u8> {
    const NAME: &'static str = "bytes";

    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::Null) { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// Values as a list: `values![market, account, 5_u64]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::database::Value::from($value)),*]
    };
}

pub(crate) use values;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_sort_as_numbers_and_come_back_whole() {
        let amounts = [0, 1, u128::from(u64::MAX), 1 << 64, u128::MAX >> 1, u128::MAX];
        let values = amounts.map(Value::from);
        assert!(values.is_sorted());
        for (amount, value) in amounts.into_iter().zip(values) {
            assert_eq!(u128::from_value(&value), Some(amount));
        }
    }

    #[test]
    fn what_is_of_another_type_is_damaged() {
        let row = Row(values!["text", 5_u64, Option::<u64>::None].to_vec());
        assert_eq!(row.get::<u64>(1).unwrap(), 5);
        assert_eq!(row.get::<Option<u64>>(2).unwrap(), None);
        for error in [
            row.get::<u64>(0).unwrap_err(),
            row.get::<u128>(1).unwrap_err(),
            row.get::<bool>(1).unwrap_err(),
            row.get::<u64>(2).unwrap_err(),
            row.get::<u64>(3).unwrap_err(),
        ] {
            assert!(matches!(error, DatabaseError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_number_that_no_column_holds_is_cut() {
        assert_eq!(Value::from(u64::MAX), Value::Integer(i64::MAX));
    }
}
