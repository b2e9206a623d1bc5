//! The options between the attribute's parentheses.

use leader_core::{JobName, Key, OptionSpec, Seed};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Error, Expr, LitStr, Path};

use crate::faults::Faults;
use crate::table::{self, unknown};
use crate::value;

/// Values of the options. Without a fault, the key and a schedule are there.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) key: Option<KeySpec>,
    pub(crate) name: Option<LitStr>,
    pub(crate) standby: Option<Path>,
    pub(crate) krate: Option<Path>,
    /// `every`, where it is a constant.
    pub(crate) every: Option<Path>,
    /// All others.
    pub(crate) texts: leader_core::Options,
    /// By the name that was meant, also where the value is faulty: it is not missing then.
    given: Vec<(String, Path)>,
}

pub(crate) enum KeySpec {
    Text(LitStr),
    Const(Path),
}

impl Options {
    /// `function` is what a job without a name of its own is called by.
    pub(crate) fn parse(tokens: TokenStream, function: Option<&str>, faults: &mut Faults) -> Self {
        let mut options = Self::default();
        if let Some(TokenTree::Literal(literal)) = tokens.clone().into_iter().next() {
            let fault = format!("every option has a name; write `key = {literal}`");
            faults.at(&literal, fault);
            return options;
        }
        let parser = syn::meta::parser(|option| options.read(&option, faults));
        match parser.parse2(tokens) {
            Ok(()) => options.require(options.seed(function), faults),
            // what stands behind the fault was not read: it is not missing
            Err(fault) => faults.add(fault),
        }
        options
    }

    /// # Errors
    ///
    /// Where it is not clear what comes next; all other faults are added to `faults`.
    fn read(&mut self, option: &ParseNestedMeta<'_>, faults: &mut Faults) -> syn::Result<()> {
        let name = value::path_text(&option.path);
        let usage = table::find(&name);
        let value = value::read(option, usage)?;
        let meant = table::meant(&name).unwrap_or(&name).to_owned();
        let result = match usage {
            None => Err(Error::new_spanned(&option.path, unknown(&name, &meant))),
            Some(_) if self.given.iter().any(|(given, _)| *given == name) => {
                Err(Error::new_spanned(&option.path, format!("`{name}` is given twice; keep one")))
            }
            Some(usage) => value.and_then(|value| self.set(usage, option, value.as_ref())),
        };
        if let Err(fault) = result {
            faults.add(fault);
        }
        self.texts.give(&meant);
        if self.given.iter().all(|(given, _)| *given != meant) {
            self.given.push((meant, option.path.clone()));
        }
        Ok(())
    }

    fn set(
        &mut self,
        usage: &OptionSpec,
        option: &ParseNestedMeta<'_>,
        value: Option<&Expr>,
    ) -> syn::Result<()> {
        let Some(value) = value else {
            return self.set_text(usage.name, "true", &option.path);
        };
        match usage.name {
            "key" => self.key = Some(key(usage, value)?),
            "name" => self.name = Some(name(usage, value)?),
            "standby" => self.standby = Some(value::path(usage, value)?),
            "crate" => self.krate = Some(value::path(usage, value)?),
            option => match value::constant(option, value) {
                Some(path) => self.every = Some(path),
                None => return self.set_text(option, &value::text(usage, value)?, value),
            },
        }
        Ok(())
    }

    fn set_text(
        &mut self,
        option: &str,
        text: &str,
        place: &impl quote::ToTokens,
    ) -> syn::Result<()> {
        self.texts.set(option, text).map_err(|fault| Error::new_spanned(place, fault))
    }

    /// The path of an option that is given, also with a faulty value.
    pub(crate) fn path(&self, option: &str) -> Option<&Path> {
        self.given.iter().find(|(given, _)| given == option).map(|(_, path)| path)
    }

    /// Seed of the job's hashed places; `None` where its key is a constant.
    pub(crate) fn seed(&self, function: Option<&str>) -> Option<Seed> {
        let Some(KeySpec::Text(key)) = &self.key else { return None };
        let name = self.name.as_ref().map(LitStr::value);
        Some(Seed::of(&key.value(), name.as_deref().or(function)?))
    }

    fn require(&self, seed: Option<Seed>, faults: &mut Faults) {
        let attribute = Span::call_site();
        if self.given.is_empty() {
            return faults.add(Error::new(
                attribute,
                "a job needs a key and a schedule: \
                 `#[leader_job(key = \"service/clock\", every = \"3s\")]`",
            ));
        }
        if !self.texts.is_given("key") {
            faults.add(Error::new(
                attribute,
                "a job needs a key, the lock whose holder runs it: `key = \"service/clock\"`",
            ));
        }
        for conflict in self.texts.conflicts(seed) {
            let place = self.given.iter().find(|(name, _)| Some(&**name) == conflict.option);
            match place {
                Some((_, path)) => faults.at(path, conflict.text),
                None => faults.add(Error::new(attribute, conflict.text)),
            }
        }
    }
}

fn key(usage: &OptionSpec, value: &Expr) -> syn::Result<KeySpec> {
    if let Some(path) = value::constant(usage.name, value) {
        return Ok(KeySpec::Const(path));
    }
    let text = value::string(usage, value)?;
    match text.value().parse::<Key>() {
        Ok(_) => Ok(KeySpec::Text(text.clone())),
        Err(fault) => Err(Error::new_spanned(text, fault)),
    }
}

fn name(usage: &OptionSpec, value: &Expr) -> syn::Result<LitStr> {
    let text = value::string(usage, value)?;
    match text.value().parse::<JobName>() {
        Ok(_) => Ok(text.clone()),
        Err(fault) => Err(Error::new_spanned(text, fault)),
    }
}
