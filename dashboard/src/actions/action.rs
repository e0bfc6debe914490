//! The actions.

use super::fields::{Field, OPTIONAL, REQUIRED};

/// What a visitor can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Buy an agreement.
    Buy,
    /// End one early.
    Cancel,
    /// Settle absent workers, or free the slots of all.
    Release,
    /// Pay everybody.
    Settle,
    /// Withdraw credit.
    Withdraw,
    /// Change a worker's price.
    Price,
    /// Take new work, or none.
    Availability,
}

impl Action {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Buy,
        Self::Cancel,
        Self::Release,
        Self::Settle,
        Self::Withdraw,
        Self::Price,
        Self::Availability,
    ];

    /// The name in addresses of pages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Cancel => "cancel",
            Self::Release => "release",
            Self::Settle => "settle",
            Self::Withdraw => "withdraw",
            Self::Price => "price",
            Self::Availability => "availability",
        }
    }

    /// The action of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Its heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Buy => "Buy an agreement",
            Self::Cancel => "Cancel an agreement",
            Self::Release => "Release workers",
            Self::Settle => "Settle an agreement",
            Self::Withdraw => "Withdraw credit",
            Self::Price => "Set a price",
            Self::Availability => "Set availability",
        }
    }

    /// What it does and who may.
    pub(crate) const fn explanation(self) -> &'static str {
        match self {
            Self::Buy => {
                "The cheapest workers that fit are hired. The agreement holds the price until testers have reported; what is not \
                 served comes back as credit."
            }
            Self::Cancel => {
                "The client ends an agreement early: after the current window and one more, and not before the shortest paid time."
            }
            Self::Release => {
                "After the time to accept, workers that did not accept are settled as absent; after the end, the slots of all are free \
                 again. Anybody may call it."
            }
            Self::Settle => {
                "Pays workers and testers, and credits the rest to the client. Anybody may call it once it is due."
            }
            Self::Withdraw => "Pays the whole credit of an account to an address.",
            Self::Price => {
                "Changes what a worker asks per tick. Agreements that run keep their prices."
            }
            Self::Availability => {
                "A worker that takes no new work leaves its book; agreements that run go on."
            }
        }
    }

    /// What it asks for, beside the account that signs.
    pub(crate) const fn fields(self) -> &'static [Field] {
        const AGREEMENT: &[Field] = &[Field {
            name: "agreement",
            label: "Agreement",
            example: "0x…",
            is_required: REQUIRED,
        }];
        match self {
            Self::Buy => &[
                Field {
                    name: "application",
                    label: "Application (empty for the default)",
                    example: "factor",
                    is_required: OPTIONAL,
                },
                Field { name: "redundancy", label: "Workers", example: "2", is_required: REQUIRED },
                Field {
                    name: "length",
                    label: "Length in ticks",
                    example: "3600",
                    is_required: REQUIRED,
                },
                Field { name: "windows", label: "Windows", example: "4", is_required: OPTIONAL },
                Field {
                    name: "testers",
                    label: "Testers of each window (odd, or 0)",
                    example: "3",
                    is_required: OPTIONAL,
                },
                Field {
                    name: "at_most",
                    label: "Highest price",
                    example: "0.01eth",
                    is_required: REQUIRED,
                },
            ],
            Self::Cancel | Self::Release | Self::Settle => AGREEMENT,
            Self::Withdraw => {
                &[Field { name: "to", label: "Pay to", example: "0x…", is_required: REQUIRED }]
            }
            Self::Price => &[Field {
                name: "price",
                label: "Price per tick",
                example: "20gwei",
                is_required: REQUIRED,
            }],
            Self::Availability => &[Field {
                name: "available",
                label: "Takes new work (yes or no)",
                example: "yes",
                is_required: REQUIRED,
            }],
        }
    }

    /// What neither this page nor its node can know beforehand.
    pub(crate) const fn unknowns(self) -> &'static [&'static str] {
        match self {
            Self::Buy => &[
                "whether the price is still the same when the transaction is mined: if it is higher, nothing is bought and all comes back",
                "whether the workers will accept and serve: what they do not serve is not paid",
                "whether a service of this name is the one that you mean: names are chosen by workers",
            ],
            Self::Cancel => &[
                "in which window the transaction will be mined: later means that you pay for more",
            ],
            Self::Release | Self::Settle => &[
                "whether somebody else calls it first: then the transaction fails, and costs its gas",
                "which reports arrive before it is mined",
            ],
            Self::Withdraw => &["whether you have the key of the address that is paid"],
            Self::Price | Self::Availability => {
                &["which agreements are bought before it is mined: they have the terms of before"]
            }
        }
    }
}
