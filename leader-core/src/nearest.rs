//! Suggestions for misspelt words.

/// Returns the candidate that is nearest to `word`, if it is near enough to be meant: at most one
/// edit per three letters, where a swap of two adjacent letters is one edit.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|&(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the Damerau-Levenshtein distance of two words. A word that is far too long to be meant is
/// not measured.
pub(crate) fn distance(a: &[u8], b: &[u8]) -> usize {
    if a.len() > 2 * b.len() + 2 {
        return a.len();
    }
    let mut before = vec![usize::MAX; b.len() + 1];
    let mut above: Vec<_> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}
