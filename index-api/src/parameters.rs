//! Parameters of requests: read strictly, so that a mistake is no other question.

use std::str::FromStr;

use alloy::primitives::{Address, FixedBytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use muster_client::{Application, ApplicationError};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use crate::failure::Failure;

/// The query of a request.
#[derive(Clone, Debug)]
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(query) =
            query.map_err(|error: QueryRejection| Failure::bad_request(error.body_text()))?;
        Ok(Self(query))
    }
}

/// The parameter in the path of a request.
#[derive(Clone, Debug)]
pub(crate) struct PathOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let Path(value) =
            path.map_err(|error: PathRejection| Failure::bad_request(error.body_text()))?;
        Ok(Self(value))
    }
}

/// An account or a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressParameter(pub(crate) Address);

/// An application by its name, or by its eight bytes in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApplicationParameter(pub(crate) FixedBytes<8>);

/// An amount in wei, in decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeiParameter(pub(crate) u128);

impl FromStr for AddressParameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
        let address = digits.and_then(|digits| digits.parse().ok());
        address.map(Self).ok_or("an address is 0x and 40 hexadecimal digits")
    }
}

impl FromStr for ApplicationParameter {
    type Err = ApplicationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|Application(bytes)| Self(bytes))
    }
}

impl FromStr for WeiParameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let amount = digits.and_then(|digits| digits.parse().ok());
        amount.map(Self).ok_or("an amount is in wei, in decimal digits, below 2^128")
    }
}

/// Reads parameters from their texts.
macro_rules! from_text {
    ($($parameter:ty),*) => {$(
        impl<'de> Deserialize<'de> for $parameter {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

from_text!(AddressParameter, ApplicationParameter, WeiParameter);

/// The market of a request, if that is all that its query may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MarketQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    pub(crate) market: Option<AddressParameter>,
}

/// The query of a list without filters.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    pub(crate) market: Option<AddressParameter>,
    /// The most items, 1 to 200; 50 if it is left out
    pub(crate) limit: Option<u32>,
    /// `next` of the page before
    pub(crate) after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_strictly() {
        let address = "0x00000000000000000000000000000000000000aA";
        assert_eq!(address.parse(), Ok(AddressParameter(Address::with_last_byte(0xaa))));
        for bad in [
            "",
            "0x",
            "00000000000000000000000000000000000000aA",
            &address[..41],
            "0x00000000000000000000000000000000000000ag",
        ] {
            bad.parse::<AddressParameter>().unwrap_err();
        }
        assert_eq!("340282366920938463463374607431768211455".parse(), Ok(WeiParameter(u128::MAX)));
        for bad in ["", "+1", "-1", "1.0", "1e3", "0x1", "340282366920938463463374607431768211456"]
        {
            bad.parse::<WeiParameter>().unwrap_err();
        }
        assert_eq!("wasm1".parse(), Ok(ApplicationParameter(FixedBytes(*b"wasm1\0\0\0"))));
        "longer than eight".parse::<ApplicationParameter>().unwrap_err();
    }
}
