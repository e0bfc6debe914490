//! Conditions of a query, with their values.

use crate::database::Value;

/// The conditions of a query and its values; the first value is the market.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// The conditions.
    conditions: String,
    /// The values.
    pub(super) values: Vec<Value>,
}

impl Filter {
    /// The rows of a market.
    pub(super) fn new(market: i64) -> Self {
        Self { conditions: "market = ?1".to_owned(), values: vec![market.into()] }
    }

    /// Adds a condition on a value, which stands for `{}` in it.
    pub(super) fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let place = self.add(value);
        self.conditions.push_str(" AND ");
        self.conditions.push_str(&condition.replace("{}", &place));
    }

    /// Adds a condition, if there is a value.
    pub(super) fn and_some(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.and(condition, value);
        }
    }

    /// Adds a condition without a value.
    pub(super) fn and_that(&mut self, condition: &str) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
    }

    /// Adds a value, and returns how SQL names it.
    pub(super) fn add(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// The conditions, after `WHERE`.
    pub(super) fn sql(&self) -> &str {
        &self.conditions
    }
}
