#![doc = include_str!("../README.md")]

mod expand;

use proc_macro::TokenStream;

/// Makes a test of a function: starts a chain and passes what the function asks for.
///
/// `stylus_devnode::test` describes it.
#[proc_macro_attribute]
pub fn test(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let options = syn::parse_macro_input!(attributes as expand::Options);
    let function = syn::parse_macro_input!(item as syn::ItemFn);
    expand::expand(options, &function).unwrap_or_else(syn::Error::into_compile_error).into()
}
