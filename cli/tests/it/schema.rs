//! The JSON Schema in the repository, and whether values follow it.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// The schema, with the keywords that it has and no others.
pub(crate) struct Schema(pub(crate) Value);

impl Schema {
    /// Reads it.
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/output-1.json");
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// The names of all commands.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &String> {
        self.0["$defs"]["commands"].as_object().unwrap().keys()
    }

    /// Asserts that a value is what the command of this line prints.
    pub(crate) fn check_command(&self, line: &str, value: &Value) {
        let words: Vec<_> = line.split_whitespace().collect();
        let commands = &self.0["$defs"]["commands"];
        let named = (1..=words.len().min(3)).rev().map(|count| words[..count].join(" "));
        let schema = named.into_iter().find_map(|name| commands.get(name));
        let schema = schema.unwrap_or_else(|| panic!("{line}: no schema"));
        self.assert_valid(line, schema, value);
    }

    /// Asserts that a value is what --json prints about an error.
    pub(crate) fn check_error(&self, value: &Value) {
        self.assert_valid("error", &self.0["$defs"]["error"], value);
    }

    /// Asserts that a value follows a part of the schema.
    fn assert_valid(&self, place: &str, schema: &Value, value: &Value) {
        if let Err(why) = self.validate(schema, value) {
            panic!("{place}: {why}: {value:#}");
        }
    }

    /// Why a value does not follow a part of the schema. As in JSON Schema, a keyword says nothing of values of other types.
    fn validate(&self, schema: &Value, value: &Value) -> Result<(), String> {
        for (keyword, wanted) in schema.as_object().unwrap() {
            let follows = match keyword.as_str() {
                "description" => true,
                "$ref" => {
                    let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                    self.validate(self.0.pointer(pointer).unwrap(), value)?;
                    true
                }
                "anyOf" => {
                    let choices = wanted.as_array().unwrap();
                    choices.iter().any(|choice| self.validate(choice, value).is_ok())
                }
                "const" => wanted == value,
                "type" => has_type(wanted.as_str().unwrap(), value),
                "minimum" => value.as_u64().is_none_or(|number| number >= wanted.as_u64().unwrap()),
                "pattern" => {
                    value.as_str().is_none_or(|text| matches(wanted.as_str().unwrap(), text))
                }
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.validate(wanted, item)?;
                    }
                    true
                }
                "properties" => {
                    self.validate_fields(wanted.as_object().unwrap(), value)?;
                    true
                }
                "required" => {
                    let names = wanted.as_array().unwrap().iter();
                    let mut names = names.map(|name| name.as_str().unwrap());
                    !value.is_object() || names.all(|name| value.get(name).is_some())
                }
                "additionalProperties" => {
                    let known = schema["properties"].as_object().unwrap();
                    let fields = value.as_object();
                    fields.is_none_or(|fields| fields.keys().all(|name| known.contains_key(name)))
                }
                other => panic!("the schema has the keyword {other}"),
            };
            if !follows {
                return Err(format!("{keyword} {wanted} is not followed by {value}"));
            }
        }
        Ok(())
    }

    /// Why a field of an object does not follow its schema.
    fn validate_fields(&self, fields: &Map<String, Value>, value: &Value) -> Result<(), String> {
        for (name, schema) in fields {
            if let Some(field) = value.get(name) {
                self.validate(schema, field).map_err(|why| format!("{name}: {why}"))?;
            }
        }
        Ok(())
    }
}

/// Whether a value has a type of JSON Schema.
fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("the schema has the type {other}"),
    }
}

/// Whether a text matches one of the patterns that the schema has.
fn matches(pattern: &str, text: &str) -> bool {
    let is_decimal =
        |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    match pattern {
        "^[0-9]+$" => is_decimal(text),
        "^-?[0-9]+$" => is_decimal(text.strip_prefix('-').unwrap_or(text)),
        "^0x[0-9a-fA-F]{40}$" => {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            digits.len() == 40 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        }
        other => panic!("the schema has the pattern {other}"),
    }
}
