//! The value of an option: what is written behind its `=`.

use std::fmt::Display;
use std::str::FromStr;

use proc_macro2::Group;
use syn::meta::ParseNestedMeta;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Path, Token, token};

/// The value, or what is wrong with the way it is written.
///
/// # Errors
///
/// Where it cannot be told where the value ends.
pub(crate) fn read(option: &ParseNestedMeta<'_>) -> syn::Result<syn::Result<Expr>> {
    let (name, input) = (path_text(&option.path), option.input);
    let usage = usage(&name);
    if input.peek(token::Paren) {
        let group: Group = input.parse()?;
        return Ok(Err(Error::new_spanned(group, format!("a value stands behind `=`; {usage}"))));
    }
    if input.peek(Token![:]) {
        let colon: Token![:] = input.parse()?;
        input.parse::<Expr>()?;
        return Ok(Err(Error::new_spanned(colon, format!("a value stands behind `=`; {usage}"))));
    }
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || input.is_empty() || input.peek(Token![,]) {
        return Ok(Err(Error::new_spanned(
            &option.path,
            format!("`{name}` has no value; {usage}"),
        )));
    }
    input.parse().map(Ok)
}

/// A string literal that parses as a `T`.
pub(crate) fn checked<T: FromStr<Err: Display>>(name: &str, value: &Expr) -> syn::Result<LitStr> {
    let text = string(name, value)?;
    match text.value().parse::<T>() {
        Ok(_) => Ok(text),
        Err(fault) => Err(Error::new_spanned(text, fault)),
    }
}

/// A path, as it stands.
pub(crate) fn path(name: &str, value: &Expr) -> syn::Result<Path> {
    let usage = match bare(value) {
        Expr::Path(path) if path.qself.is_none() => return Ok(path.path.clone()),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match text.parse::<Path>() {
            Ok(path) => format!("write `{name} = {}`", path_text(&path)),
            Err(_) => usage(name),
        },
        _ => usage(name),
    };
    let kind = if name == "standby" { "the path of an `async fn`" } else { "a path" };
    Err(Error::new_spanned(value, format!("`{name}` takes {kind}; {usage}")))
}

/// A path without the blanks that its tokens would print with.
pub(crate) fn path_text(path: &Path) -> String {
    let segments: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
    let root = if path.leading_colon.is_some() { "::" } else { "" };
    format!("{root}{}", segments.join("::"))
}

fn string(name: &str, value: &Expr) -> syn::Result<LitStr> {
    let fault = match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => return Ok(text.clone()),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if name == "every" => {
            let unit = if number.suffix().is_empty() { "s" } else { number.suffix() };
            let digits = number.base10_digits();
            format!("takes a number with its unit as a string; write `every = \"{digits}{unit}\"`")
        }
        Expr::Path(_) | Expr::Call(_) | Expr::Macro(_) => {
            format!("takes a string literal, constants are not supported yet; {}", usage(name))
        }
        _ => format!("takes a string literal; {}", usage(name)),
    };
    Err(Error::new_spanned(value, format!("`{name}` {fault}")))
}

/// Without the invisible group that a `macro_rules!` fragment comes in.
fn bare(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

fn usage(name: &str) -> String {
    let value = match name {
        "key" => "\"service/clock\"",
        "every" => "\"3s\"",
        "cron" => "\"0 9 * * *\"",
        "name" => "\"clock\"",
        "standby" => "not_the_leader",
        "crate" => "::leader_runtime",
        _ => "…",
    };
    format!("write `{name} = {value}`")
}
