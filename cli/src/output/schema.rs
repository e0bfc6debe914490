//! The JSON Schema of what commands print with --json.
//!
//! A name has one type, wherever it stands: [`NAMES`] has all of them. [`SHAPES`] says which names each command prints.

use serde_json::{Map, Value, json};

use self::names::NAMES;
use self::shapes::{EVENTS, SHAPES, Shape};

mod kind;
mod names;
mod shapes;

/// The version of the schema. It changes when a name is taken away or means something else.
pub(crate) const VERSION: u32 = 1;

/// The schema. Its `$defs` are the names, the commands, the events, and errors.
pub(crate) fn schema() -> Value {
    let names = NAMES.iter().map(|(name, kind, meaning)| {
        let mut schema = kind.schema();
        schema.insert("description".to_owned(), (*meaning).into());
        ((*name).to_owned(), schema.into())
    });
    let commands = SHAPES.iter().map(|shape| (shape.command.to_owned(), command_schema(shape)));
    let events = EVENTS.iter().map(|(name, fields)| {
        let schema = object_schema(fields, [("event".to_owned(), json!({ "const": name }))]);
        ((*name).to_owned(), schema)
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("https://example.org/muster/output-{VERSION}.json"),
        "title": "What the commands of muster print with --json",
        "$defs": {
            "names": names.collect::<Map<_, _>>(),
            "commands": commands.collect::<Map<_, _>>(),
            "events": events.collect::<Map<_, _>>(),
            "error": object_schema("error advice?", []),
        },
    })
}

/// The schema of what a command prints.
fn command_schema(shape: &Shape) -> Value {
    match shape.events {
        None => {
            let tables = shape.tables.iter().map(|(name, columns)| {
                let rows = object_schema(columns, []);
                ((*name).to_owned(), json!({ "type": "array", "items": rows }))
            });
            object_schema(shape.fields, tables)
        }
        Some(events) => {
            let reference = |name: &&str| json!({ "$ref": format!("#/$defs/events/{name}") });
            let mut lines: Vec<_> = events.iter().copied().flatten().map(reference).collect();
            if !shape.fields.is_empty() {
                let event = [("event".to_owned(), json!({ "const": "ready" }))];
                lines.insert(0, object_schema(shape.fields, event));
            }
            json!({ "description": "each line by itself", "anyOf": lines })
        }
    }
}

/// The schema of an object with these fields, separated by blanks, and with others that have schemas of their own. `?` follows
/// the name of one that can be null, `*` that of one that can be missing.
fn object_schema(fields: &str, others: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    for (field, schema) in others {
        let name = field.trim_end_matches('*');
        if name == field {
            required.push(name.into());
        }
        properties.insert(name.to_owned(), schema);
    }
    for field in fields.split_whitespace() {
        let name = field.trim_end_matches(['?', '*']);
        let reference = json!({ "$ref": format!("#/$defs/names/{name}") });
        let schema = if field.contains('?') {
            json!({ "anyOf": [reference, { "type": "null" }] })
        } else {
            reference
        };
        if !field.contains('*') {
            required.push(name.into());
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_file_in_the_repository_is_the_schema() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/output-{VERSION}.json"));
        let file = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            file == format!("{:#}\n", schema()),
            "write it anew: muster schema > cli/schema/output-{VERSION}.json"
        );
    }

    #[test]
    fn every_name_has_one_type_and_is_used() {
        let names: Vec<_> = NAMES.iter().map(|(name, ..)| *name).collect();
        let sorted: BTreeSet<_> = names.iter().copied().collect();
        assert!(names.iter().copied().eq(sorted.iter().copied()), "names are unique and sorted");
        let of_shapes = SHAPES.iter().flat_map(|shape| {
            let columns = shape.tables.iter().map(|(_, columns)| *columns);
            columns.chain([shape.fields])
        });
        let all = of_shapes.chain(EVENTS.iter().map(|(_, fields)| *fields)).chain(["error advice"]);
        let used: BTreeSet<_> = all
            .flat_map(str::split_whitespace)
            .map(|field| field.trim_end_matches(['?', '*']))
            .collect();
        assert_eq!(used, sorted);
        let tables = SHAPES.iter().flat_map(|shape| shape.tables).map(|(name, _)| *name);
        let tables = tables.map(|name| name.trim_end_matches('*'));
        let both: Vec<_> = tables.filter(|name| sorted.contains(name)).collect();
        assert!(both.is_empty(), "tables with the name of a field: {both:?}");
    }
}
