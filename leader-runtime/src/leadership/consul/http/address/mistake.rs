//! Mistakes in an address: their reasons, and the address that was probably meant.

use std::net::{Ipv4Addr, Ipv6Addr};

use leader_core::nearest;
use reqwest::Url;

use crate::text::Excerpt;

/// The fault of a text, with the text to write instead, if it can be guessed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) why: String,
    pub(super) meant: Option<String>,
}

/// Finds the first mistake in a text, with the text without any mistake.
pub(super) fn find(text: &str) -> Option<Mistake> {
    let Mistake { why, mut meant } = first(text)?;
    // each step leaves less to be mended
    for _ in 0..8 {
        match meant.as_deref().and_then(first) {
            None => break,
            Some(next) => meant = next.meant,
        }
    }
    Some(Mistake { why, meant: meant.filter(|meant| Excerpt::line(meant).is_whole()) })
}

fn first(text: &str) -> Option<Mistake> {
    around(text).or_else(|| in_scheme(text)).or_else(|| {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if scheme == "unix" {
            return None;
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let with = |authority: &str, path: &str| match scheme {
            "" => format!("{authority}{path}"),
            _ => format!("{scheme}://{authority}{path}"),
        };
        let of_host = in_host(authority, scheme);
        let of_host = of_host.or_else(|| in_port(authority, scheme));
        let of_host = of_host.map(|mistake| Mistake {
            meant: mistake.meant.map(|authority| with(&authority, path)),
            ..mistake
        });
        of_host.or_else(|| in_path(path).map(|why| mend(why, with(authority, ""))))
    })
}

fn mend(why: impl Into<String>, meant: String) -> Mistake {
    Mistake { why: why.into(), meant: Some(meant) }
}

fn refuse(why: impl Into<String>) -> Mistake {
    Mistake { why: why.into(), meant: None }
}

/// Finds a mistake around the address: remains of a file or a template.
fn around(text: &str) -> Option<Mistake> {
    const QUOTES: [char; 5] = ['"', '\'', '`', '“', '”'];
    let is_space = |c: char| c.is_whitespace() || c.is_control();
    let trimmed = text.trim_matches(is_space);
    let unquoted = text.trim_matches(QUOTES);
    if trimmed != text {
        let why = "there is white space around it";
        return Some(if trimmed.is_empty() { refuse(why) } else { mend(why, trimmed.into()) });
    }
    if unquoted != text {
        let why = "the quotes are taken for a part of it";
        return Some(if unquoted.is_empty() { refuse(why) } else { mend(why, unquoted.into()) });
    }
    if text.contains('$') || text.contains("{{") || text.contains("}}") {
        return Some(refuse("it holds the name of a variable whose value was not filled in"));
    }
    if text.contains(is_space) {
        return Some(refuse("there is white space in it"));
    }
    if text.contains([',', ';']) {
        return Some(refuse(
            "it is not one address; Consul is asked at one, of an agent or a proxy",
        ));
    }
    None
}

fn in_scheme(text: &str) -> Option<Mistake> {
    let Some((scheme, rest)) = text.split_once("://") else { return in_missing_scheme(text) };
    if matches!(scheme, "http" | "https" | "unix") {
        let is_doubled = rest.contains("://") && scheme != "unix";
        return is_doubled.then(|| mend("it has two schemes", rest.into()));
    }
    let lower = scheme.to_lowercase();
    let meant = match &*lower {
        "tcp" | "consul" => Some("http"),
        "tls" => Some("https"),
        lower => nearest(lower, ["http", "https", "unix"]),
    };
    let why = format!("`{}` is no scheme of Consul's HTTP API", Excerpt::line(scheme));
    let meant = meant.map(|meant| format!("{meant}://{rest}"));
    Some(Mistake { why, meant })
}

fn in_missing_scheme(text: &str) -> Option<Mistake> {
    let lower = text.to_ascii_lowercase();
    for scheme in ["https", "http", "unix"] {
        let Some(rest) = lower.strip_prefix(scheme).map(|rest| &text[text.len() - rest.len()..])
        else {
            continue;
        };
        let address = rest.trim_start_matches([':', '/', '\\']);
        let slashes = rest.len() - address.len();
        // a host may have such a name
        let is_host = slashes == 0 || rest.starts_with(':') && address.bytes().all(is_digit);
        if is_host && !address.is_empty() {
            continue;
        }
        let why = format!("`://` stands between the scheme and the rest, as in `{scheme}://`");
        return Some(match (scheme, address) {
            (_, "") => refuse(why),
            ("unix", path) => mend(why, format!("unix:///{path}")),
            _ => mend(why, format!("{scheme}://{address}")),
        });
    }
    match text.strip_prefix("//") {
        Some(rest) => Some(mend("the scheme is missing before `//`", rest.into())),
        None if text.len() > 1 && text.starts_with('/') => {
            Some(mend("it is a path, and that of a socket has a scheme", format!("unix://{text}")))
        }
        None => None,
    }
}

fn in_host(authority: &str, scheme: &str) -> Option<Mistake> {
    if authority.is_empty() {
        return Some(refuse("the host is missing"));
    }
    if authority.contains('%') {
        return Some(refuse(
            "an address with a zone id cannot be asked; use another one of the host, or its name",
        ));
    }
    if authority.bytes().all(is_digit) {
        return Some(mend("it is a port without a host", format!("127.0.0.1:{authority}")));
    }
    if let Some(port) = authority.strip_prefix(':')
        && port.bytes().all(is_digit)
    {
        let port = if port.is_empty() { usual(scheme) } else { port };
        return Some(mend("the host is missing", format!("127.0.0.1:{port}")));
    }
    if authority.starts_with('[') != authority.contains(']') {
        return Some(mend("a bracket is missing", authority.replace(['[', ']'], "")));
    }
    if let Some((host, port)) = authority.split_once(']').filter(|(_, port)| !port.is_empty())
        && !port.starts_with(':')
    {
        return Some(mend("the `:` is missing before the port", format!("{host}]:{port}")));
    }
    if !authority.starts_with('[') && authority.matches(':').count() > 1 {
        return in_missing_brackets(authority, scheme);
    }
    let host = host_and_port(authority).0;
    if host.starts_with('[') {
        return None;
    }
    let is_fit = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if let Some(stranger) = host.chars().find(|c| !is_fit(c)) {
        return Some(refuse(format!("no host has {stranger:?} in it")));
    }
    // `010.0.0.1` is another host than most people think, and `127.1` is one
    let url = Url::parse(&format!("http://{host}")).ok()?;
    let read: Ipv4Addr = url.host_str()?.parse().ok()?;
    (read.to_string() != host).then(|| {
        let port = &authority[host.len()..];
        mend(format!("the host is read as {read}"), format!("{read}{port}"))
    })
}

/// Finds the brackets missing around an IPv6 address, with or without a port.
fn in_missing_brackets(authority: &str, scheme: &str) -> Option<Mistake> {
    let why = "an IPv6 address stands in brackets";
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    let (host, port) = authority.rsplit_once(':')?;
    Some(match port.parse::<u16>() {
        Ok(port) if is_address(host) => mend(why, format!("[{host}]:{port}")),
        _ if is_address(authority) => mend(why, format!("[{authority}]:{}", usual(scheme))),
        _ => refuse("it has more than one `:`, and is no IPv6 address"),
    })
}

fn in_port(authority: &str, scheme: &str) -> Option<Mistake> {
    let (host, port) = host_and_port(authority);
    match port? {
        "" => Some(mend("the port is missing", format!("{host}:{}", usual(scheme)))),
        port if port.parse::<u16>().is_ok_and(|port| port > 0) && port.bytes().all(is_digit) => {
            None
        }
        port => Some(refuse(format!(
            "`{}` is no port; use a number from 1 to 65535",
            Excerpt::line(port)
        ))),
    }
}

/// Finds a path that is none of the address: `/v1` belongs to each request.
fn in_path(path: &str) -> Option<String> {
    let first = path.split('/').nth(1)?;
    let why = match first {
        "v1" => "every request's own path begins with it",
        "ui" => "there is the user interface, and not the HTTP API",
        _ => return None,
    };
    Some(format!("`/{first}` does not belong to it: {why}"))
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    // the colons of an IPv6 address are in its brackets
    let behind = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[behind..].find(':') {
        Some(at) => (&authority[..behind + at], Some(&authority[behind + at + 1..])),
        None => (authority, None),
    }
}

/// The default port of Consul's HTTP API.
const fn usual(scheme: &str) -> &'static str {
    match scheme.as_bytes() {
        b"https" => "8501",
        _ => "8500",
    }
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}
