//! The fields of transactions in their encoding, with the Go types that geth decodes them into.

/// A number.
#[derive(Clone, Copy, Debug)]
pub(super) enum NumberKind {
    /// 8 bits.
    Uint8,
    /// 64 bits.
    Uint64,
    /// 256 bits.
    Uint256,
    /// Any length.
    Big,
}

impl NumberKind {
    /// The Go type.
    pub(super) const fn go_type(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Uint64 => "uint64",
            Self::Uint256 => "*uint256.Int",
            Self::Big => "*big.Int",
        }
    }

    /// Maximum length in bytes.
    pub(super) const fn max_bytes(self) -> usize {
        match self {
            Self::Uint8 => 1,
            Self::Uint64 => 8,
            Self::Uint256 => 32,
            Self::Big => usize::MAX,
        }
    }
}

/// What a field contains.
#[derive(Clone, Copy, Debug)]
pub(super) enum FieldKind {
    /// A number.
    Number(NumberKind),
    /// A byte string.
    Bytes,
    /// An address.
    Address,
    /// An address, or nothing.
    OptionalAddress,
    /// A list of hashes.
    Hashes,
    /// A list of structs.
    List {
        /// The structs.
        layout: &'static Layout,
        /// Go type of the list.
        go_type: &'static str,
    },
}

/// The fields of a struct.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Go type of the struct.
    pub(super) go_type: &'static str,
    /// Name and content of each field.
    pub(super) fields: &'static [(&'static str, FieldKind)],
}

/// A number of 64 bits.
const UINT64: FieldKind = FieldKind::Number(NumberKind::Uint64);

/// A number of 256 bits.
const UINT256: FieldKind = FieldKind::Number(NumberKind::Uint256);

/// A number of any length.
const BIG: FieldKind = FieldKind::Number(NumberKind::Big);

/// An access list.
const ACCESSES: FieldKind = FieldKind::List {
    layout: &Layout {
        go_type: "types.AccessTuple",
        fields: &[("Address", FieldKind::Address), ("StorageKeys", FieldKind::Hashes)],
    },
    go_type: "types.AccessList",
};

/// A list of EIP-7702 authorizations.
const AUTHORIZATIONS: FieldKind = FieldKind::List {
    layout: &Layout {
        go_type: "types.SetCodeAuthorization",
        fields: &[
            ("ChainID", UINT256),
            ("Address", FieldKind::Address),
            ("Nonce", UINT64),
            ("V", FieldKind::Number(NumberKind::Uint8)),
            ("R", UINT256),
            ("S", UINT256),
        ],
    },
    go_type: "[]types.SetCodeAuthorization",
};

impl Layout {
    /// A legacy transaction.
    pub(super) const LEGACY: Self = Self {
        go_type: "types.LegacyTx",
        fields: &[
            ("Nonce", UINT64),
            ("GasPrice", BIG),
            ("Gas", UINT64),
            ("To", FieldKind::OptionalAddress),
            ("Value", BIG),
            ("Data", FieldKind::Bytes),
            ("V", BIG),
            ("R", BIG),
            ("S", BIG),
        ],
    };

    /// An EIP-2930 transaction.
    pub(super) const ACCESS_LIST: Self = Self {
        go_type: "types.AccessListTx",
        fields: &[
            ("ChainID", BIG),
            ("Nonce", UINT64),
            ("GasPrice", BIG),
            ("Gas", UINT64),
            ("To", FieldKind::OptionalAddress),
            ("Value", BIG),
            ("Data", FieldKind::Bytes),
            ("AccessList", ACCESSES),
            ("V", BIG),
            ("R", BIG),
            ("S", BIG),
        ],
    };

    /// An EIP-1559 transaction.
    pub(super) const DYNAMIC_FEE: Self = Self {
        go_type: "types.DynamicFeeTx",
        fields: &[
            ("ChainID", BIG),
            ("Nonce", UINT64),
            ("GasTipCap", BIG),
            ("GasFeeCap", BIG),
            ("Gas", UINT64),
            ("To", FieldKind::OptionalAddress),
            ("Value", BIG),
            ("Data", FieldKind::Bytes),
            ("AccessList", ACCESSES),
            ("V", BIG),
            ("R", BIG),
            ("S", BIG),
        ],
    };

    /// An EIP-7702 transaction.
    pub(super) const SET_CODE: Self = Self {
        go_type: "types.SetCodeTx",
        fields: &[
            ("ChainID", UINT256),
            ("Nonce", UINT64),
            ("GasTipCap", UINT256),
            ("GasFeeCap", UINT256),
            ("Gas", UINT64),
            ("To", FieldKind::Address),
            ("Value", UINT256),
            ("Data", FieldKind::Bytes),
            ("AccessList", ACCESSES),
            ("AuthList", AUTHORIZATIONS),
            ("V", UINT256),
            ("R", UINT256),
            ("S", UINT256),
        ],
    };
}
