//! The fields of an action's form.

use maud::{Markup, html};

use crate::pages::{Words, word};

/// A field that must be given.
pub(super) const REQUIRED: bool = true;

/// A field that may be empty.
pub(super) const OPTIONAL: bool = false;

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name in addresses of pages.
    pub(super) name: &'static str,
    /// What it is called.
    pub(super) label: &'static str,
    /// What could be in it.
    pub(super) example: &'static str,
    /// Whether it must be given.
    pub(super) is_required: bool,
}

/// The account that signs.
pub(super) const FROM: Field = Field {
    name: "from",
    label: "Your account, which signs",
    example: "0x…",
    is_required: REQUIRED,
};

impl Field {
    /// The field with what was given.
    pub(super) fn render(&self, words: &Words) -> Markup {
        let Self { name, label, example, is_required } = *self;
        let length = if example == "0x…" { 42 } else { 40 };
        html! {
            div {
                label for=(name) { (label) }
                input id=(name) name=(name) value=(word(words, name).unwrap_or("")) placeholder=(example)
                    required[is_required] maxlength=(length) autocomplete="off" spellcheck="false";
            }
        }
    }

    /// Whether it has what it needs.
    pub(super) fn is_complete(&self, words: &Words) -> bool {
        !self.is_required || word(words, self.name).is_some()
    }
}
