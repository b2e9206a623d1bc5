//! Sets of small numbers, one bit each.

/// The least element from `from` on.
pub(super) const fn next(bits: u64, from: u32) -> Option<u32> {
    if from >= u64::BITS {
        return None;
    }
    let rest = bits >> from << from;
    if rest == 0 { None } else { Some(rest.trailing_zeros()) }
}

/// The greatest element up to `upto`.
pub(super) const fn previous(bits: u64, upto: u32) -> Option<u32> {
    let rest = bits & (u64::MAX >> (u64::BITS - 1 - upto));
    if rest == 0 { None } else { Some(u64::BITS - 1 - rest.leading_zeros()) }
}

pub(super) const fn least(bits: u64) -> u32 {
    bits.trailing_zeros()
}

pub(super) const fn greatest(bits: u64) -> u32 {
    u64::BITS - 1 - bits.leading_zeros()
}

/// Every element, the least first.
pub(super) fn each(bits: u64) -> impl Iterator<Item = u32> {
    std::iter::successors(next(bits, 0), move |&bit| next(bits, bit + 1))
}
