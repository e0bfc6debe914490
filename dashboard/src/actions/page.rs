//! The page of an action.

use maud::{Markup, html};
use muster_client::Market;

use super::action::Action;
use super::fields::FROM;
use super::prepare::{Prepared, Refusal, prepare};
use crate::layout::Content;
use crate::pages::Words;
use crate::parts;
use crate::text;
use muster_index::query::Wei;

/// The page of an action: its form, and the call if the form is complete.
#[derive(Debug)]
pub(crate) struct ActionPage {
    /// The action.
    action: Action,
    /// What was given.
    words: Words,
    /// The chain's id.
    chain_id: u64,
    /// The call, or why there is none; `None` while the form is not complete.
    prepared: Option<Result<Prepared, Refusal>>,
}

impl ActionPage {
    /// Makes the call, if the form is complete.
    pub(crate) async fn load(market: &Market, action: Action, words: Words) -> Self {
        let mut fields = action.fields().iter().chain([&FROM]);
        let is_complete = fields.all(|field| field.is_complete(&words));
        let prepared = if is_complete { Some(prepare(market, action, &words).await) } else { None };
        if let Some(Err(Refusal::Chain(error))) = &prepared {
            tracing::debug!(%error, action = action.name(), "no call was made");
        }
        Self { action, words, chain_id: market.node().chain_id(), prepared }
    }

    /// Writes the page.
    pub(crate) fn render(&self) -> Content {
        let action = self.action;
        let content = html! {
            h1 { (action.title()) }
            p.lead { (action.explanation()) }
            form.filter #action action={ "/act/" (action.name()) } data-chain=(self.chain_id) {
                @for field in action.fields() { (field.render(&self.words)) }
                (FROM.render(&self.words))
                button type="submit" { "Prepare" }
            }
            p #wallets hidden {}
            @match &self.prepared {
                None => {
                    p { "Nothing is sent by this form. It shows the transaction first, in words and as data." }
                }
                Some(Err(refusal)) => (refused(refusal)),
                Some(Ok(prepared)) => (self.call(prepared)),
            }
        };
        (action.title().to_owned(), content)
    }

    /// The call, and what it does.
    fn call(&self, prepared: &Prepared) -> Markup {
        let call = &prepared.call;
        html! {
            section #prepared aria-labelledby="sign" data-chain=(self.chain_id) data-from=(call.from) data-to=(call.to)
                data-value={ "0x" (format!("{:x}", call.value)) } data-data=(call.data) {
                h2 #sign { "What you sign" }
                ul.says { @for said in &prepared.says { li { (said) } } }
                (parts::facts([
                    ("From", parts::whole(call.from)),
                    ("To", parts::whole(call.to)),
                    ("Value", html! { (text::amount(Wei(call.value))) " (" (call.value) " wei)" }),
                    ("Chain", html! { (self.chain_id) }),
                ]))
                details { summary { "Data of the call" } pre { code #data { (call.data) } } }
                p {
                    "The node of this dashboard has run the call as the next transaction of the chain, and it succeeds. Gas comes on top; "
                    "your wallet says how much."
                }
                h3 { "What this page cannot know" }
                ul { @for unknown in self.action.unknowns() { li { (unknown) } } }
                p {
                    "This page is as honest as who runs it. Compare receiver, value and data with what your wallet shows, or sign them on a "
                    "machine without a network: the key never comes here."
                }
                p #wallet role="status" { "To sign here, this browser needs a wallet and JavaScript." }
                p { button #sign-button type="button" hidden { "Sign with the wallet" } }
            }
        }
    }
}

/// Why there is no call.
fn refused(refusal: &Refusal) -> Markup {
    html! {
        div role="alert" {
            p {
                @match refusal {
                    Refusal::Field(error) => { (error) "." }
                    Refusal::Chain(error) => { "The chain would refuse this: " (error) "." }
                }
            }
        }
    }
}
