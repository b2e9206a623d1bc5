//! The value of an option: what is written behind its `=`.

use leader_core::{OptionSpec, ValueKind};
use proc_macro2::Group;
use syn::meta::ParseNestedMeta;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Path, Token, token};

/// The value, or what is wrong with the way it is written. A flag has none.
///
/// # Errors
///
/// Where it cannot be told where the value ends.
pub(crate) fn read(
    option: &ParseNestedMeta<'_>,
    usage: Option<&OptionSpec>,
) -> syn::Result<syn::Result<Option<Expr>>> {
    let (name, input) = (path_text(&option.path), option.input);
    let is_end = input.is_empty() || input.peek(Token![,]);
    if usage.is_some_and(|usage| usage.kind == ValueKind::Flag) {
        if is_end {
            return Ok(Ok(None));
        }
        input.parse::<Option<Token![=]>>()?;
        let value: Expr = input.parse()?;
        let fault = format!("`{name}` takes no value; write `{name}` alone");
        return Ok(Err(Error::new_spanned(value, fault)));
    }
    let usage = written(&name, usage);
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
    input.parse().map(|value| Ok(Some(value)))
}

/// The value as the text that the core reads.
pub(crate) fn text(usage: &OptionSpec, value: &Expr) -> syn::Result<String> {
    let OptionSpec { name, kind, example, .. } = *usage;
    let fault = match (kind, bare(value)) {
        (ValueKind::Truth, Expr::Lit(ExprLit { lit: Lit::Bool(truth), .. })) => {
            return Ok(truth.value.to_string());
        }
        (ValueKind::Count, Expr::Lit(ExprLit { lit: Lit::Int(count), .. }))
            if count.suffix().is_empty() =>
        {
            return Ok(count.base10_digits().to_owned());
        }
        (ValueKind::Truth, _) => format!("takes `true` or `false`; write `{name} = {example}`"),
        (ValueKind::Count, Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))
            if text.value().parse::<u32>().is_ok() =>
        {
            format!("takes a plain number; write `{name} = {}`", text.value())
        }
        (ValueKind::Count, _) => format!("takes a plain number; write `{name} = {example}`"),
        (_, value) => return string(usage, value).map(LitStr::value),
    };
    Err(Error::new_spanned(value, format!("`{name}` {fault}")))
}

/// A string literal.
pub(crate) fn string<'a>(usage: &OptionSpec, value: &'a Expr) -> syn::Result<&'a LitStr> {
    let OptionSpec { name, kind, example, .. } = *usage;
    let fault = match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => return Ok(text),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if kind == ValueKind::Span => {
            let unit = if number.suffix().is_empty() { "s" } else { number.suffix() };
            let digits = number.base10_digits();
            format!("takes a number with its unit as a string; write `{name} = \"{digits}{unit}\"`")
        }
        Expr::Path(_) if name == "cron" => {
            "takes a string literal, and no constant; write the expression here".to_owned()
        }
        // `queue`, or `Overlap::Queue`
        Expr::Path(word) if !takes_const(name) => {
            let word = word.path.segments.last().map(|last| last.ident.to_string());
            let word = word.unwrap_or_default().to_lowercase();
            format!("takes a string literal; write `{name} = \"{word}\"`")
        }
        _ if takes_const(name) => {
            let kind = if name == "every" { "`Duration`" } else { "`&str`" };
            format!(
                "takes a string literal, or the path of a `const` that is a {kind}; write `{name} \
                 = {example}`"
            )
        }
        _ => format!("takes a string literal; write `{name} = {example}`"),
    };
    Err(Error::new_spanned(value, format!("`{name}` {fault}")))
}

/// The path of a constant, where that is what is written and the option takes one.
pub(crate) fn constant(name: &str, value: &Expr) -> Option<Path> {
    match bare(value) {
        Expr::Path(path) if takes_const(name) => Some(path.path.clone()),
        _ => None,
    }
}

fn takes_const(name: &str) -> bool {
    matches!(name, "key" | "every")
}

/// A path, as it stands.
pub(crate) fn path(usage: &OptionSpec, value: &Expr) -> syn::Result<Path> {
    let OptionSpec { name, example, .. } = *usage;
    let example = match bare(value) {
        Expr::Path(path) if path.qself.is_none() => return Ok(path.path.clone()),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            text.parse::<Path>().map_or_else(|_| example.to_owned(), |path| path_text(&path))
        }
        _ => example.to_owned(),
    };
    let kind = if name == "standby" { "the path of an `async fn`" } else { "a path" };
    Err(Error::new_spanned(value, format!("`{name}` takes {kind}; write `{name} = {example}`")))
}

/// A path without the blanks that its tokens would print with.
pub(crate) fn path_text(path: &Path) -> String {
    let segments: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
    let root = if path.leading_colon.is_some() { "::" } else { "" };
    format!("{root}{}", segments.join("::"))
}

/// Without the invisible group that a `macro_rules!` fragment comes in.
fn bare(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

fn written(name: &str, usage: Option<&OptionSpec>) -> String {
    let example = usage.map_or("…", |usage| usage.example);
    format!("write `{name} = {example}`")
}
