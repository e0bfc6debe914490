//! What a client asks for.

use alloy::primitives::U256;
use muster_protocol::abi::Order;

/// An order for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRequest {
    /// The market's default terms: application 0, and the windows and testers that the market chooses.
    Default {
        /// How many different workers do the work.
        redundancy: u8,
        /// How long, in ticks.
        length: u32,
    },
    /// Terms of the client's choice.
    Custom(Order),
}

impl OrderRequest {
    /// The length in ticks.
    #[must_use]
    pub fn length(&self) -> U256 {
        match self {
            Self::Default { length, .. } => U256::from(*length),
            Self::Custom(order) => order.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::OrderRequest;

    #[test]
    fn an_order_request_has_a_length() {
        let request = OrderRequest::Default { redundancy: 1, length: 8 };
        assert_eq!(request.length(), U256::from(8));
    }
}
