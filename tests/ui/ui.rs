//! What the attribute says to each mistake, and what it must not stumble over.

mod pass;

/// `TRYBUILD=overwrite cargo test -p macro-ui` writes the texts anew; read each before you keep it.
#[test]
fn the_attribute_tells_each_mistake() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
