//! The item as it was written, and beside it the job: a struct of the function's name, which has
//! the one thing that `jobs!` asks for.

use leader_core::JobName;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::faults::Faults;
use crate::function::Function;
use crate::options::{Options, Spec};

pub(crate) fn leader_job(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = Options::parse(options, &mut faults);
    let job = match Function::parse(item.clone()) {
        Ok(function) => {
            function.check(&mut faults);
            let job = job(&options, &function, &mut faults);
            if function.has_room() { job } else { TokenStream::new() }
        }
        Err(fault) => {
            faults.add(fault);
            TokenStream::new()
        }
    };
    let errors = faults.into_compile_errors();
    quote!(#item #job #errors)
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
    quote_spanned! {at_name=>
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility struct #name {}
        #(#cfgs)*
        const _: () = {
            use #krate::__private as __p;
            impl __p::Job for #name {
                const ENTRY: __p::Entry = #entry;
            }
        };
    }
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
    let key = options.key.as_ref()?;
    let schedule = match options.schedule.as_ref()? {
        Spec::Every(text) => quote!(__p::Spec::Every(#text)),
        Spec::Cron(text) => quote!(__p::Spec::Cron(#text)),
    };
    let start = start(function);
    let standby = match &options.standby {
        Some(path) => {
            let at_path = hygienic(path.span());
            let call = quote_spanned!(at_path=> __p::standby(#path()));
            quote!(__p::Some(|| #call))
        }
        None => quote!(__p::None),
    };
    Some(quote! {
        __p::Entry {
            name: #name,
            key: #key,
            schedule: #schedule,
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
    let parameters = function.parameters().map(|parameter| {
        let at_type = hygienic(parameter.span());
        quote_spanned!(at_type=> __p::param::<#parameter>(context))
    });
    let call = quote_spanned!(at_name=> #name(#(#parameters),*).await);
    let outcome = match function.returned() {
        Some(returned) => {
            let at_type = hygienic(returned.span());
            quote_spanned!(at_type=> <#returned as __p::IntoOutcome>::into_outcome(#call))
        }
        None => quote_spanned!(at_name=> __p::IntoOutcome::into_outcome(#call)),
    };
    let context = match function.parameters().next() {
        Some(_) => quote_spanned!(at_name=> context),
        None => quote_spanned!(at_name=> _),
    };
    quote_spanned!(at_name=> |#context| __p::Box::pin(async move { #outcome }))
}

/// The place of the user's token with the names of the macro, or the attribute would not work
/// inside a `macro_rules!`.
fn hygienic(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}
