//! A file of settings, in TOML: read as far as it can be, each value with its line and column.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Error};

use super::layer::{JobSetting, Layer, did_you_mean};
use super::setting::{ALL, Setting};
use super::source::{Located, Source};

/// Maximum number of syntax errors that are reported; a file with more is hardly TOML.
const SYNTAX_TOLD: usize = 10;

const QUOTES: &str = "; text stands in quotes, numbers, `true` and `false` do not";

type Key<'a> = Spanned<DeString<'a>>;
type Value<'a> = Spanned<DeValue<'a>>;

/// Reads a file with these bytes.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Layer {
    let path: Arc<str> = path.display().to_string().into();
    let (text, is_whole) = match str::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(fault) => {
            let read = bytes.get(..fault.valid_up_to()).unwrap_or_default();
            (str::from_utf8(read).unwrap_or_default(), false)
        }
    };
    let lines = text.match_indices('\n').map(|(end, _)| end + 1);
    let lines = std::iter::once(0).chain(lines).collect();
    let mut reader = Reader { path, text, lines, broken: Vec::new(), layer: Layer::default() };
    if !is_whole {
        let source = reader.source(text.len());
        reader.layer.faults.push(format!("{source}: is not UTF-8 from here on; save it as UTF-8"));
        return reader.layer;
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    reader.syntax(&errors);
    reader.document(document.get_ref());
    reader.layer
}

struct Reader<'a> {
    path: Arc<str>,
    text: &'a str,
    /// Offset of each line.
    lines: Vec<usize>,
    /// Lines with a syntax error. Other faults there may only follow from it.
    broken: Vec<usize>,
    layer: Layer,
}

impl Reader<'_> {
    fn syntax(&mut self, errors: &[Error]) {
        for error in errors {
            let span = error.span().unwrap_or_default();
            let (source, line) = (self.source(span.start), self.line(span.start));
            // one error a line is enough
            if self.broken.contains(&line) {
                continue;
            }
            self.broken.push(line);
            if self.broken.len() > SYNTAX_TOLD {
                let more = "is wrong in more lines; is it TOML?";
                self.layer.faults.push(format!("{}: {more}", self.path));
                break;
            }
            let shown = self.text.get(span.clone()).filter(|text| !text.trim().is_empty());
            let is_bare = shown.is_some_and(|text| !text.contains(['"', '\'', '[']));
            let before = self.text.get(self.lines[line]..span.start).unwrap_or_default();
            let remedy = if is_bare && before.trim_end().ends_with('=') { QUOTES } else { "" };
            let shown = shown.unwrap_or_else(|| self.line_text(line)).trim();
            let why = format!("{}{remedy}", error.message());
            self.layer.faults.push(source.refuse(&format!("`{shown}`:"), why));
        }
        // below a broken table header, the table of a line is unknown
        let is_head = |line: &&usize| self.line_text(**line).trim_start().starts_with('[');
        if let Some(&head) = self.broken.iter().filter(is_head).min() {
            self.broken.extend(head..self.lines.len());
        }
    }

    fn document(&mut self, document: &DeTable<'_>) {
        for (key, value) in self.ordered(document) {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::Table(jobs) if name == "jobs" => self.jobs(jobs),
                DeValue::Table(table) if tables().any(|table| table == name) => {
                    for (key, value) in self.ordered(table) {
                        self.setting(name, key, value);
                    }
                }
                _ if name == "jobs" => {
                    let fault = self.fault(name, value, "write `[jobs.NAME]` above its options");
                    self.layer.jobs.faults.push(fault);
                }
                _ if tables().any(|table| table == name) => {
                    let why = format!("write `[{name}]` above its settings");
                    self.layer.faults.push(self.fault(name, value, &why));
                }
                _ => {
                    let source = self.source(key.span().start);
                    self.layer.faults.push(source.refuse(name, unknown(name)));
                }
            }
        }
    }

    fn setting(&mut self, table: &str, key: &Key<'_>, value: &Value<'_>) {
        let whole = format!("{table}.{}", key.get_ref());
        let Some(setting) = ALL.into_iter().find(|setting| setting.name == whole) else {
            let of_table = ALL.into_iter().map(Setting::in_table).filter(|(of, _)| *of == table);
            let meant = did_you_mean(key.get_ref(), of_table.map(|(_, name)| name));
            let source = self.source(key.span().start);
            self.layer.faults.push(source.refuse(&whole, format!("is unknown; {meant}")));
            return;
        };
        match self.text(setting.name, value) {
            Ok(text) => self.layer.settings.push((setting, text)),
            Err(fault) => self.layer.faults.push(fault),
        }
    }

    fn jobs(&mut self, jobs: &DeTable<'_>) {
        for (key, value) in self.ordered(jobs) {
            let name = key.get_ref();
            let DeValue::Table(table) = value.get_ref() else {
                let why = format!("write `[jobs.{name}]` above the options of a job");
                let fault = self.fault(&format!("jobs.{name}"), value, &why);
                self.layer.jobs.faults.push(fault);
                continue;
            };
            let mut options = Vec::new();
            for (key, value) in self.ordered(table) {
                match self.text(&format!("jobs.{name}.{}", key.get_ref()), value) {
                    Ok(text) => options.push((key.get_ref().to_string(), text)),
                    Err(fault) => self.layer.jobs.faults.push(fault),
                }
            }
            let job = Located::at(self.source(key.span().start), name.to_string());
            self.layer.jobs.settings.push(JobSetting::Table { job, options });
        }
    }

    /// The value as text, as in a variable.
    fn text(&self, name: &str, value: &Value<'_>) -> Result<Located<String>, String> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
            DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => {
                return Err(self.fault(name, value, "write one value, in quotes"));
            }
        };
        Ok(Located::at(self.source(value.span().start), text))
    }

    /// The entries of a table on lines without a syntax error, in the order of the file.
    fn ordered<'t, 'i>(&self, table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
        let is_whole =
            |(key, _): &(&Key<'_>, _)| !self.broken.contains(&self.line(key.span().start));
        let mut entries: Vec<_> = table.iter().filter(is_whole).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    fn fault(&self, name: &str, value: &Value<'_>, why: &str) -> String {
        let shown = self.text.get(value.span()).unwrap_or_default();
        self.source(value.span().start).fault(name, shown, why)
    }

    fn source(&self, offset: usize) -> Source {
        let line = self.line(offset);
        let before = self.text.get(self.lines[line]..offset).unwrap_or_default();
        let column = 1 + before.chars().filter(|c| *c != '\u{feff}').count();
        Source::File { path: Arc::clone(&self.path), line: line + 1, column }
    }

    /// Counted from 0.
    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn line_text(&self, line: usize) -> &str {
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        self.text.get(self.lines[line]..end).unwrap_or_default()
    }
}

/// The tables with settings of the process.
fn tables() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|setting| setting.in_table().0)
}

/// The remedy for an unknown name at the top level of a file.
fn unknown(name: &str) -> String {
    let mut in_table = ALL.into_iter().map(Setting::in_table);
    if let Some((table, _)) = in_table.find(|(_, setting)| *setting == name) {
        return format!("stands in the table `{table}`; write `[{table}]` above it");
    }
    match name {
        "consul" => "is unknown; Consul is found by CONSUL_HTTP_ADDR and its like".into(),
        "profile" => "is unknown; the profile chooses the file: set LEADER_PROFILE".into(),
        _ => format!("is unknown; {}", did_you_mean(name, ["lock", "health", "jobs"])),
    }
}
