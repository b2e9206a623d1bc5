//! The function under the attribute, and what keeps one from being a job.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, FnArg, ReturnType, Safety, Signature, Type, Visibility};

use crate::faults::Faults;
use crate::options::Options;

/// A function but for its body, which stays as it is written: half a body, in an editor, is no
/// fault of the job.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    signature: Signature,
}

impl Function {
    /// # Errors
    ///
    /// Where it is no function.
    pub(crate) fn parse(item: TokenStream) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility = input.parse()?;
            let signature = input.parse()?;
            input.parse::<TokenStream>()?;
            Ok(Self { attributes, visibility, signature })
        };
        parser.parse2(item).map_err(|error| {
            Error::new(
                error.span(),
                "`#[leader_job]` stands over an `async fn` or a `fn`, and only there",
            )
        })
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.signature.ident
    }

    /// The conditions under which it is there at all.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Type> {
        self.signature.inputs.iter().filter_map(|parameter| match parameter {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// `None` where it returns nothing.
    pub(crate) fn returned(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, returned) => Some(returned),
        }
    }

    pub(crate) fn check(&self, faults: &mut Faults) {
        let Signature { constness, safety, abi, generics, .. } = &self.signature;
        if self.name() == "main" {
            faults.at(
                self.name(),
                "`main` starts the jobs and is none; write the job as a function of its own",
            );
        }
        if let Some(constness) = constness {
            faults.at(constness, "a job runs at its time, never at compile time; remove `const`");
        }
        if let Safety::Unsafe(unsafety) = safety {
            faults.at(unsafety, "nobody could vouch for an unsafe job; remove `unsafe`");
        }
        if let Some(abi) = abi {
            faults.at(abi, "a job is called from Rust alone; remove `extern`");
        }
        if !generics.params.is_empty() {
            faults.at(&generics, "a job has no generics, nothing could choose them; remove them");
        }
        for parameter in &self.signature.inputs {
            match parameter {
                FnArg::Receiver(receiver) => {
                    faults.at(receiver, "a job has no `self`; make it a free function");
                }
                FnArg::Typed(typed) if has_impl(typed.ty.to_token_stream()) => {
                    faults.at(&typed.ty, "a job has no generics; name the type instead of `impl`");
                }
                FnArg::Typed(_) => {}
            }
        }
        for attribute in self.attributes.iter().filter(is_job) {
            faults.at(attribute, "a function is one job; write a second function for the other");
        }
    }

    /// Whether it is a plain `fn`, whose runs are blocking work.
    pub(crate) fn is_blocking(&self) -> bool {
        self.signature.asyncness.is_none()
    }

    /// Faults of a plain `fn`: nothing can cut off its thread, so that it borrows nothing from the
    /// run, and hears by a `Stop` alone that it is to end.
    pub(crate) fn check_blocking(&self, options: &Options, faults: &mut Faults) {
        if !self.is_blocking() {
            return;
        }
        for parameter in self.parameters() {
            if is_named(parameter, "Leading") || has_lifetime(parameter.to_token_stream()) {
                faults.at(
                    parameter,
                    format!(
                        "a plain `fn` runs on a thread that may outlive its term, and cannot borrow \
                         from the run; write `async fn {}`, or take a `Fence` instead",
                        self.name()
                    ),
                );
            }
        }
        if self.parameters().any(|parameter| is_named(parameter, "Stop")) {
            return;
        }
        for (option, text) in [
            ("timeout", "nothing can cut off the thread of a plain `fn`, so its `timeout`"),
            ("while_leading", "nothing can cut off the thread of a plain `fn`, so `while_leading`"),
        ] {
            if let Some(path) = options.path(option) {
                faults.at(
                    path,
                    format!(
                        "{text} needs a `Stop` that the job looks at; add a parameter `stop: Stop`, \
                         or write `async fn {}`",
                        self.name()
                    ),
                );
            }
        }
    }

    /// Whether a struct of its name can stand beside it: not in an `impl`, and not where another
    /// `#[leader_job]` below this one puts it there.
    pub(crate) fn has_room(&self) -> bool {
        self.signature.receiver().is_none() && !self.attributes.iter().any(|a| is_job(&a))
    }
}

/// The attributes before an item, and the item, each as it is written.
pub(crate) fn split_attributes(item: TokenStream) -> (TokenStream, TokenStream) {
    let mut rest = item.into_iter().peekable();
    let mut attributes = Vec::new();
    while let Some(hash) =
        rest.next_if(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == '#'))
    {
        attributes.push(hash);
        attributes.extend(rest.next());
    }
    (attributes.into_iter().collect(), rest.collect())
}

fn is_job(attribute: &&Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "leader_job")
}

/// Whether the last segment of the type's path is this.
fn is_named(parameter: &Type, name: &str) -> bool {
    let Type::Path(path) = bare(parameter) else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

/// Without the invisible group that a `macro_rules!` fragment comes in.
fn bare(mut parameter: &Type) -> &Type {
    while let Type::Group(group) = parameter {
        parameter = &group.elem;
    }
    parameter
}

/// Whether a lifetime stands in it, other than `'static`.
fn has_lifetime(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        let is_found = match token {
            TokenTree::Punct(quote) if quote.as_char() == '\'' => {
                matches!(tokens.next(), Some(TokenTree::Ident(name)) if name != "static")
            }
            TokenTree::Group(group) => has_lifetime(group.stream()),
            _ => false,
        };
        if is_found {
            return true;
        }
    }
    false
}

fn has_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => has_impl(group.stream()),
        _ => false,
    })
}
