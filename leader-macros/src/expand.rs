//! The item as it was written, and beside it the job: a struct of the function's name, which has
//! the one thing that `jobs!` asks for.

use leader_core::JobName;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::doc;
use crate::faults::Faults;
use crate::function::{Function, split_attributes};
use crate::options::{KeySpec, Options};

pub(crate) fn leader_job(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let function = Function::parse(item.clone());
    let name = function.as_ref().map(|function| function.name().unraw().to_string()).ok();
    let options = Options::parse(options, name.as_deref(), &mut faults);
    let job = match function {
        Ok(function) => {
            function.check(&mut faults);
            function.check_blocking(&options, &mut faults);
            let job = job(&options, &function, &mut faults);
            if function.has_room() { job } else { TokenStream::new() }
        }
        Err(fault) => {
            faults.add(fault);
            TokenStream::new()
        }
    };
    if !faults.is_empty() {
        let errors = faults.into_compile_errors();
        return quote!(#item #job #errors);
    }
    let (attributes, function) = split_attributes(item);
    let doc = doc::attribute(&options, name.as_deref());
    quote!(#attributes #doc #function #job)
}

/// Also where there are faults: a caller of the function is not told a second time.
fn job(options: &Options, function: &Function, faults: &mut Faults) -> TokenStream {
    let name = function.name();
    let at_name = hygienic(name.span());
    let visibility = &function.visibility;
    let cfgs: Vec<_> = function.cfgs().collect();
    let krate = match &options.krate {
        Some(path) => path.to_token_stream(),
        None => quote_spanned!(Span::mixed_site()=> ::leader_runtime),
    };
    let entry = entry(options, function, faults).unwrap_or_else(|| quote!(__p::FAULTY));
    let constants = constants(options);
    quote_spanned! {at_name=>
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility struct #name {}
        #(#cfgs)*
        const _: () = {
            use #krate::__private as __p;
            #constants
            impl __p::Job for #name {
                const ENTRY: __p::Entry = #entry;
            }
        };
    }
}

/// A constant is named once, and checked where it is: a constant of the wrong type is one error.
fn constants(options: &Options) -> TokenStream {
    let mut constants = TokenStream::new();
    if let Some(KeySpec::Const(path)) = &options.key {
        let at_path = hygienic(path.span());
        let key = quote_spanned!(at_path=> __p::key(#path));
        constants.extend(quote!(const __KEY: &str = #key;));
    }
    if let Some(path) = &options.every {
        let at_path = hygienic(path.span());
        let shift = options.texts.longest_shift();
        let every = if shift.is_zero() {
            quote_spanned!(at_path=> __p::every(#path))
        } else {
            let (seconds, nanos) = (shift.as_secs(), shift.subsec_nanos());
            let shift = quote!(__p::Duration::new(#seconds, #nanos));
            quote_spanned!(at_path=> __p::every_above(#path, #shift))
        };
        constants.extend(quote!(const __EVERY: __p::Duration = #every;));
    }
    constants
}

fn entry(options: &Options, function: &Function, faults: &mut Faults) -> Option<TokenStream> {
    let name = match &options.name {
        Some(name) => name.to_token_stream(),
        None => {
            let name = function.name().unraw().to_string();
            if let Err(fault) = name.parse::<JobName>() {
                faults.at(function.name(), format!("{fault}; or name it with `name = \"…\"`"));
            }
            name.to_token_stream()
        }
    };
    if !faults.is_empty() {
        return None;
    }
    let key = match options.key.as_ref()? {
        KeySpec::Text(text) => text.to_token_stream(),
        KeySpec::Const(_) => quote!(__KEY),
    };
    let texts = options.texts.texts().into_iter().map(|(option, text)| quote!((#option, #text)));
    let every = match &options.every {
        Some(_) => quote!(__p::Some(__EVERY)),
        None => quote!(__p::None),
    };
    let start = start(function);
    let standby = match &options.standby {
        Some(path) => {
            let at_path = hygienic(path.span());
            let call = quote_spanned!(at_path=> __p::standby(#path, run));
            quote_spanned!(at_path=> __p::Some(|run| #call))
        }
        None => quote!(__p::None),
    };
    Some(quote! {
        __p::Entry {
            name: #name,
            key: #key,
            options: &[#(#texts),*],
            every: #every,
            start: #start,
            standby: #standby,
            place: __p::Location::caller(),
        }
    })
}

/// Each part carries the span of what the compiler has to complain of: a parameter's type, the
/// type returned, and, where the future is not `Send`, the name.
fn start(function: &Function) -> TokenStream {
    let name = function.name();
    let at_name = hygienic(name.span());
    let types: Vec<_> = function.parameters().collect();
    let given: Vec<Ident> =
        (0..types.len()).map(|i| format_ident!("p{i}", span = Span::mixed_site())).collect();
    let is_blocking = function.is_blocking();
    let wait = if is_blocking { None } else { Some(quote_spanned!(at_name=> .await)) };
    let call = quote_spanned!(at_name=> #name(#(#given),*) #wait);
    let outcome = match function.returned() {
        Some(returned) => {
            let at_type = hygienic(returned.span());
            quote_spanned!(at_type=> <#returned as __p::IntoOutcome>::into_outcome(#call))
        }
        None => quote_spanned!(at_name=> __p::IntoOutcome::into_outcome(#call)),
    };
    // `run` is the closure's, whose place is the name
    let context = Ident::new("run", at_name);
    let run = if is_blocking {
        quote_spanned!(at_name=> __p::Some(__p::block(#context, move || #outcome)))
    } else {
        quote_spanned!(at_name=> __p::Some(__p::Box::pin(async move { #outcome })))
    };
    match (types.is_empty(), is_blocking) {
        (true, true) => return quote_spanned!(at_name=> |#context| #run),
        (true, false) => return quote_spanned!(at_name=> |_| #run),
        (false, _) => {}
    }
    let parameters = types.iter().map(|parameter| {
        let at_type = hygienic(parameter.span());
        let run = &context;
        quote_spanned!(at_type=> __p::param::<#parameter>(#run))
    });
    quote_spanned! {at_name=>
        |run| {
            let (#(__p::Some(#given),)*) = (#(#parameters,)*) else { return __p::None };
            #run
        }
    }
}

/// The place of the user's token with the names of the macro, or the attribute would not work
/// inside a `macro_rules!`.
fn hygienic(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}
