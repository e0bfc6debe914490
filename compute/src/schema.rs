//! Schemas of the types that are texts in JSON, for OpenAPI documents.

use crate::{Digest, JobPath, Output};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Type, schema::Schema},
};

/// Says that a type is a text of some pattern.
macro_rules! text {
    ($type:ident, $pattern:literal, $description:literal) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .description(Some($description))
                    .into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }
        }
    };
}

text!(Digest, "^[0-9a-f]{64}$", "A SHA-256 in lower-case hexadecimal digits.");
text!(JobPath, "^(/[^/]+){1,64}$", "The absolute path of a file in a job.");
text!(
    Output,
    "^(/[^/]+){1,64}/?$",
    "The path of an output; a slash at its end says that it is a folder."
);
