//! Values that a setter in code takes: a type of its own, or the text of a settings file.

use std::net::SocketAddr;
use std::time::Duration;

use leader_core::{Lease, span};

/// A value of a setting of type `T`: the type itself, or text as in a settings file. The trait is
/// sealed.
///
/// | setting | values |
/// |---|---|
/// | [`Settings::lease`](crate::Settings::lease) | `Lease`, `Duration`, text such as `"6s"` |
/// | [`Settings::health`](crate::Settings::health) | `SocketAddr`, a port as `u16`, text such as `"0.0.0.0:8080"` or `"off"` |
///
/// A wrong value is a fault at start, with all others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a value of this setting",
    label = "not a value of type `{T}`, nor its text"
)]
pub trait SettingValue<T>: Sealed<T> {}

impl<T, V: Sealed<T>> SettingValue<T> for V {}

mod sealed {
    /// The value as the text of a settings file, which is what all layers are read from.
    pub trait Sealed<T> {
        fn text(self) -> String;
    }
}

pub(super) use sealed::Sealed;

impl<T> Sealed<T> for &str {
    fn text(self) -> String {
        self.to_owned()
    }
}

impl<T> Sealed<T> for &String {
    fn text(self) -> String {
        self.clone()
    }
}

impl<T> Sealed<T> for String {
    fn text(self) -> String {
        self
    }
}

impl Sealed<Self> for Lease {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Sealed<Lease> for Duration {
    fn text(self) -> String {
        span::print(self)
    }
}

impl Sealed<Self> for SocketAddr {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Sealed<SocketAddr> for u16 {
    fn text(self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[test]
    fn a_setter_takes_its_type_and_its_text_alike() {
        let six = Settings::new().lease("7s");
        assert_eq!(Settings::new().lease(Duration::from_secs(7)).timing(), six.timing());
        let lease = "7s".parse::<Lease>().expect("it is one");
        assert_eq!(Settings::new().lease(lease).timing(), six.timing());
        let address: SocketAddr = "127.0.0.1:8080".parse().expect("it is one");
        for settings in [
            Settings::new().health(address),
            Settings::new().health(8080),
            Settings::new().health("8080"),
            Settings::new().health(format!("127.0.0.1:{}", 8080)),
        ] {
            assert_eq!(settings.health_address(), Some(address));
        }
        assert_eq!(Settings::new().health(8080).health("off").health_address(), None);
    }

    #[test]
    fn a_duration_that_is_no_lease_is_the_fault_that_its_text_is() {
        for (text, duration) in [
            ("1ms", Duration::from_millis(1)),
            ("0s", Duration::ZERO),
            ("1m 1s", Duration::from_secs(61)),
            ("6s 1ns", Duration::new(6, 1)),
        ] {
            let faults = Settings::new().lease(duration).faults();
            assert_eq!(faults, Settings::new().lease(text).faults(), "{text}");
        }
        let faults = Settings::new().lease(Duration::MAX).faults();
        assert!(faults.len() == 1 && faults[0].contains("use 1s to 60s"), "{faults:?}");
    }
}
