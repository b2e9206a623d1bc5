//! A value that shows whether it is whole, and by whom it was written.

/// Written by the leader of a term, as one of many in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The fence of the term.
    pub fence: i64,
    /// 1 is the first of the term.
    pub number: u64,
}

impl Page {
    /// It with so many bytes between its beginning and its end.
    pub fn print(self, length: usize) -> Vec<u8> {
        let Self { fence, number } = self;
        format!("{fence} {number} {length} {} {fence} {number}", "x".repeat(length)).into()
    }

    /// The output.
    ///
    /// # Errors
    ///
    /// Where it is torn: how long it is, how it begins and how it ends.
    pub fn parse(value: &[u8]) -> Result<Self, String> {
        let whole = || {
            let mut parts = std::str::from_utf8(value).ok()?.split(' ');
            let page =
                Self { fence: parts.next()?.parse().ok()?, number: parts.next()?.parse().ok()? };
            let length: usize = parts.next()?.parse().ok()?;
            (page.print(length) == value).then_some(page)
        };
        whole().ok_or_else(|| {
            let (begin, end) = (&value[..value.len().min(40)], &value[value.len().max(40) - 40..]);
            let told = |part| String::from_utf8_lossy(part).into_owned();
            format!("{} bytes, from `{}` to `{}`", value.len(), told(begin), told(end))
        })
    }
}
