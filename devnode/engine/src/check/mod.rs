//! Static checks.

/// Why a module is malformed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {}

/// Why a module uses what programs lack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildFault {}

/// What there can be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {}
