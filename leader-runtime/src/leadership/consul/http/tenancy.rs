//! The namespace and the partition of Consul Enterprise, for every request.

use super::super::wire::Operation;
use super::variable::Variable;
use crate::text::Excerpt;
use crate::text::json;

/// The namespace and the partition. Where they are `None`, the token decides.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenancy {
    namespace: Option<String>,
    partition: Option<String>,
    /// Both as parameters of a URL.
    query: String,
}

impl Tenancy {
    /// # Errors
    ///
    /// The fault, in words with its variable.
    pub(super) fn new(namespace: Option<&str>, partition: Option<&str>) -> Result<Self, String> {
        let mut query = String::new();
        for (variable, parameter, name) in
            [(Variable::Namespace, "ns", namespace), (Variable::Partition, "partition", partition)]
        {
            let Some(name) = name else { continue };
            let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if name.len() > 64 || !name.chars().all(is_fit) {
                return Err(format!(
                    "{variable}=`{}`: use 1 to 64 letters, digits, `-` and `_`",
                    Excerpt::line(name)
                ));
            }
            let first = if query.is_empty() { "" } else { "&" };
            query.push_str(&format!("{first}{parameter}={name}"));
        }
        let owned = |name: Option<&str>| name.map(str::to_owned);
        Ok(Self { namespace: owned(namespace), partition: owned(partition), query })
    }

    /// Adds the parameters to a path.
    pub(super) fn path(&self, path: &str) -> String {
        match (self.query.as_str(), path.contains('?')) {
            ("", _) => path.into(),
            (query, true) => format!("{path}&{query}"),
            (query, false) => format!("{path}?{query}"),
        }
    }

    /// The body of a transaction: each operation has its own namespace and partition.
    pub(super) fn operations(&self, operations: &[Operation]) -> Vec<u8> {
        let of = |operation: &Operation| {
            let mut json = serde_json::to_value(operation).unwrap_or_default();
            let names = [("Namespace", &self.namespace), ("Partition", &self.partition)];
            for (field, name) in names {
                if let Some(name) = name {
                    json["KV"][field] = name.as_str().into();
                }
            }
            json
        };
        if self.query.is_empty() {
            return json(&operations);
        }
        json(&operations.iter().map(of).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::KvOperation;
    use super::*;

    #[test]
    fn every_request_and_every_operation_says_where() {
        let tenancy = Tenancy::new(Some("team-a"), Some("east")).unwrap();
        assert_eq!(tenancy.path("session/create"), "session/create?ns=team-a&partition=east");
        assert_eq!(tenancy.path("kv/a?recurse"), "kv/a?recurse&ns=team-a&partition=east");
        let operation = Operation { kv: KvOperation::new("get", "a") };
        let body = String::from_utf8(tenancy.operations(&[operation])).unwrap();
        let expected =
            r#"[{"KV":{"Key":"a","Namespace":"team-a","Partition":"east","Verb":"get"}}]"#;
        assert_eq!(body, expected);

        let nowhere = Tenancy::new(None, None).unwrap();
        assert_eq!(nowhere.path("kv/a?recurse"), "kv/a?recurse");
        assert!(Tenancy::new(Some("a&token=b"), None).unwrap_err().contains("CONSUL_NAMESPACE"));
    }
}
