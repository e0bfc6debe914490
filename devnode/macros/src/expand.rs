//! The expansion of `#[devnode::test]`.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Expr, FnArg, Ident, ItemFn, PatType, Path, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// Name of the package that exports the attribute.
const PACKAGE: &str = "stylus-devnode";

/// Options of the attribute.
#[derive(Default)]
pub(crate) struct Options {
    /// The configuration of the chain.
    config: Option<Expr>,
    /// The file of the program.
    wasm: Option<Expr>,
    /// The cargo features that it is built with.
    features: Option<Expr>,
    /// The call of its constructor.
    constructor: Option<Expr>,
}

/// An option with its value.
struct OptionValue {
    /// Its name.
    name: Ident,
    /// Its value.
    value: Expr,
}

impl Parse for OptionValue {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        for OptionValue { name, value } in
            Punctuated::<OptionValue, Token![,]>::parse_terminated(input)?
        {
            let place = match name.to_string().as_str() {
                "config" => &mut options.config,
                "wasm" => &mut options.wasm,
                "features" => &mut options.features,
                "constructor" => &mut options.constructor,
                _ => {
                    let text = "unknown option: expected config, constructor, features or wasm";
                    return Err(syn::Error::new(name.span(), text));
                }
            };
            if place.replace(value).is_some() {
                return Err(syn::Error::new(name.span(), "this option is given twice"));
            }
        }
        if let (Some(_), Some(features)) = (&options.wasm, &options.features) {
            let text = "the features are those of the package's program, and wasm is another one";
            return Err(syn::Error::new_spanned(features, text));
        }
        Ok(options)
    }
}

/// The test for a function.
///
/// # Errors
/// If the function cannot be a test.
pub(crate) fn expand(options: Options, function: &ItemFn) -> syn::Result<TokenStream> {
    if let Some(parameter) = function.sig.generics.params.first() {
        return Err(syn::Error::new_spanned(parameter, "a test has no generic parameters"));
    }
    let types = function.sig.inputs.iter().map(|argument| match argument {
        FnArg::Typed(PatType { ty, .. }) => Ok(ty),
        FnArg::Receiver(receiver) => {
            Err(syn::Error::new_spanned(receiver, "a test has no receiver"))
        }
    });
    let types = types.collect::<syn::Result<Vec<_>>>()?.into_iter();
    let root = root(Span::call_site())?;
    let Options { config, wasm, features, constructor } = options;
    let config = config.map(|config| quote!(.with_config(#config)));
    let wasm = wasm.map(|wasm| quote!(.with_wasm(#wasm)));
    let features = features.map(|features| quote!(.with_features(#features)));
    let constructor = constructor.map(|constructor| quote!(.with_constructor(#constructor)));
    let setup = quote! {
        #root::testing::Setup::new(::core::env!("CARGO_MANIFEST_DIR"))
            #config #wasm #features #constructor
    };
    // Hygiene keeps it apart from all names of the test.
    let fixture = Ident::new("fixture", Span::mixed_site());
    let arguments: Vec<_> =
        types.map(|ty| quote!(<#ty as #root::testing::Argument>::from_fixture(#fixture))).collect();
    let ItemFn { attrs, vis, sig, .. } = function;
    let (name, output) = (&sig.ident, &sig.output);
    let mut inner = function.clone();
    inner.attrs.clear();
    inner.vis = syn::Visibility::Inherited;
    let body = if sig.asyncness.is_some() {
        quote!(#fixture.block_on(async { #name(#(#arguments.await),*).await }))
    } else {
        // The function runs outside of the runtime, so it may block.
        quote!(#name(#(#fixture.block_on(#arguments)),*))
    };
    Ok(quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() #output {
            #inner
            #root::testing::run(#setup, |#fixture| #body)
        }
    })
}

/// The path of the crate that exports the attribute, under the name that it has there.
fn root(span: Span) -> syn::Result<Path> {
    let name = match crate_name(PACKAGE) {
        // Its own tests name it like others do.
        Ok(FoundCrate::Itself) => PACKAGE.replace('-', "_"),
        Ok(FoundCrate::Name(name)) => name,
        Err(why) => return Err(syn::Error::new(span, why.to_string())),
    };
    let name = Ident::new(&name, span);
    Ok(syn::parse_quote!(::#name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why a function with these options is no test.
    fn refusal(options: &str, function: &ItemFn) -> String {
        match syn::parse_str(options).and_then(|options| expand(options, function)) {
            Ok(test) => panic!("it is a test: {test}"),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn what_is_no_test_is_refused() {
        let good = syn::parse_str("async fn f() {}").unwrap();
        let unknown = refusal("chain = 5", &good);
        assert_eq!(unknown, "unknown option: expected config, constructor, features or wasm");
        assert_eq!(refusal("wasm = a, wasm = b", &good), "this option is given twice");
        let both = "the features are those of the package's program, and wasm is another one";
        assert_eq!(refusal("wasm = a, features = b", &good), both);
        assert_eq!(refusal("wasm", &good), "expected `=`");
        let generic = syn::parse_str("async fn f<T>() {}").unwrap();
        assert_eq!(refusal("", &generic), "a test has no generic parameters");
        let method = syn::parse_str("async fn f(&self) {}").unwrap();
        assert_eq!(refusal("", &method), "a test has no receiver");
    }
}
