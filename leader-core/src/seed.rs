//! Hashed values: each job's own second, minute or offset, from a hash of its key and name, the same
//! on every node, in every build and for ever.

/// A hash of a job's key and name, from which `H` in a cron expression and `jitter = "hash"` take
/// their values.
///
/// Key and name are those of the attribute: neither the `key_prefix` of the settings nor a prefix that
/// `Jobs` puts before names has a part in the hash. The hash never changes:
///
/// 1. FNV-1a of 64 bits (offset basis `0xcbf29ce484222325`, prime `0x100000001b3`) over the bytes of
///    the key, a zero, the name, a zero, and the name of the field: `second`, `minute`, `hour`,
///    `day of month`, `month`, `weekday`, or `every`.
/// 2. The finalizer of MurmurHash3: `x ^= x >> 33`, `x *= 0xff51afd7ed558ccd`, `x ^= x >> 33`,
///    `x *= 0xc4ceb9fe1a85ec53`, `x ^= x >> 33`, all modulo 2⁶⁴.
/// 3. The value is `x · n / 2⁶⁴`, rounded down, of the values from 0 to `n - 1`.
///
/// ```
/// use leader_core::Seed;
///
/// let seed = Seed::of("service/clock", "call_time");
/// assert_eq!([seed.pick("minute", 60), seed.pick("hour", 24)], [58, 1]);
/// assert_eq!(seed.pick("every", 3_600_000), 2_487_740);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The seed of the job with this key and name, both as in its attribute.
    #[must_use]
    pub fn of(key: &str, name: &str) -> Self {
        Self(BASIS).and(key).and(name)
    }

    /// Returns the job's own value of the `count` values from 0 on. `what` names the field: a job with
    /// a late minute in the hour need not have a late hour in the day.
    #[must_use]
    pub fn pick(self, what: &str, count: u64) -> u64 {
        let Self(mut hash) = what.bytes().fold(self, Self::with);
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^= hash >> 33;
        ((u128::from(hash) * u128::from(count)) >> 64) as u64
    }

    /// Hashes a text and a zero, so that the end of a key is no part of the name.
    fn and(self, text: &str) -> Self {
        text.bytes().fold(self, Self::with).with(0)
    }

    const fn with(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(PRIME))
    }
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
