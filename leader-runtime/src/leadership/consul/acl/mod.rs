//! The rights that a token needs by Consul's ACL: rules, and the policy of a service.

mod policy;
mod rule;

pub(crate) use self::policy::Policy;
pub(crate) use self::rule::Rule;
pub(super) use self::rule::{is_lacking, lacks_right};
