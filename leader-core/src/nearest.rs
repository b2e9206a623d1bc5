//! What a misspelt word was meant to be.

/// The candidate that is nearest to `word`, where that is near enough to be meant: one edit in
/// three letters, two letters that changed places counting as one.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|&(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Of the words' Levenshtein matrix, row after row. What is longer than any word that is meant is
/// not measured.
fn distance(a: &[u8], b: &[u8]) -> usize {
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
