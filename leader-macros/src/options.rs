//! The options between the attribute's parentheses.

use leader_core::{Cron, Every, JobName, Key};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Error, Expr, LitStr, Path};

use crate::faults::Faults;
use crate::nearest::nearest;
use crate::value::{self, checked};

const OPTIONS: [&str; 6] = ["key", "every", "cron", "name", "standby", "crate"];

/// Designed and not built: told apart from misspelt ones.
#[rustfmt::skip]
const LATER: [&str; 17] = [
    "after", "while_leading", "tz", "offset", "jitter", "on_elected", "timeout", "overlap",
    "missed", "missed_within", "interrupted", "retries", "backoff", "on_loss", "drain",
    "step_down_after", "enabled",
];

const SCHEDULES: [&str; 4] = ["every", "cron", "after", "while_leading"];

/// What the options say. Where there was no fault, `key` and `schedule` are there.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) key: Option<LitStr>,
    pub(crate) schedule: Option<Spec>,
    pub(crate) name: Option<LitStr>,
    pub(crate) standby: Option<Path>,
    pub(crate) krate: Option<Path>,
    /// By the name that was meant, also where the value is faulty: it is not missing then.
    given: Vec<(String, Path)>,
}

/// A schedule's text, by the variant of the runtime's `Spec` that it goes into.
pub(crate) enum Spec {
    Every(LitStr),
    Cron(LitStr),
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut options = Self::default();
        if let Some(TokenTree::Literal(literal)) = tokens.clone().into_iter().next() {
            let fault = format!("every option has a name; write `key = {literal}`");
            faults.at(&literal, fault);
            return options;
        }
        let parser = syn::meta::parser(|option| options.read(&option, faults));
        match parser.parse2(tokens) {
            Ok(()) => options.require(faults),
            // what stands behind the fault was not read: it is not missing
            Err(fault) => faults.add(fault),
        }
        options
    }

    /// # Errors
    ///
    /// Where it is not clear what comes next; all other faults are added to `faults`.
    fn read(&mut self, option: &ParseNestedMeta<'_>, faults: &mut Faults) -> syn::Result<()> {
        let value = value::read(option)?;
        let name = value::path_text(&option.path);
        let meant = nearest(&name, OPTIONS.iter().chain(&LATER)).unwrap_or(&name).to_owned();
        let result = if LATER.contains(&name.as_str()) {
            Err(Error::new_spanned(
                &option.path,
                format!("`{name}` is not supported yet; remove it"),
            ))
        } else if !OPTIONS.contains(&name.as_str()) {
            Err(Error::new_spanned(&option.path, unknown(&name, &meant)))
        } else if self.given.iter().any(|(given, _)| *given == name) {
            Err(Error::new_spanned(&option.path, format!("`{name}` is given twice; keep one")))
        } else {
            value.and_then(|value| self.set(&name, &value))
        };
        if let Err(fault) = result {
            faults.add(fault);
        }
        if self.given.iter().all(|(given, _)| *given != meant) {
            self.given.push((meant, option.path.clone()));
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &Expr) -> syn::Result<()> {
        match name {
            "key" => self.key = Some(checked::<Key>(name, value)?),
            "name" => self.name = Some(checked::<JobName>(name, value)?),
            "every" => self.schedule = Some(Spec::Every(checked::<Every>(name, value)?)),
            "cron" => self.schedule = Some(Spec::Cron(checked::<Cron>(name, value)?)),
            "standby" => self.standby = Some(value::path(name, value)?),
            _ => self.krate = Some(value::path(name, value)?),
        }
        Ok(())
    }

    fn require(&self, faults: &mut Faults) {
        let attribute = Span::call_site();
        if self.given.is_empty() {
            return faults.add(Error::new(
                attribute,
                "a job needs a key and a schedule: \
                 `#[leader_job(key = \"service/clock\", every = \"3s\")]`",
            ));
        }
        if self.given.iter().all(|(name, _)| name != "key") {
            faults.add(Error::new(
                attribute,
                "a job needs a key, the lock whose holder runs it: `key = \"service/clock\"`",
            ));
        }
        let is_schedule = |(name, _): &&(String, Path)| SCHEDULES.contains(&name.as_str());
        let mut schedules = self.given.iter().filter(is_schedule);
        match schedules.next() {
            None => faults.add(Error::new(
                attribute,
                "a job needs a schedule: `every = \"3s\"` or `cron = \"0 9 * * *\"`",
            )),
            Some((first, _)) => schedules.for_each(|(name, path)| {
                faults.at(
                    path,
                    format!("`{name}` beside `{first}`: a job has one schedule; keep one"),
                );
            }),
        }
    }
}

fn unknown(name: &str, meant: &str) -> String {
    if name == meant {
        let known = OPTIONS.map(|option| format!("`{option}`")).join(", ");
        format!("unknown option `{name}`; a job takes {known}")
    } else {
        format!("unknown option `{name}`; did you mean `{meant}`?")
    }
}
