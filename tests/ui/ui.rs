//! Compile errors of the attribute for each mistake, and code that must compile.

mod pass;

/// `TRYBUILD=overwrite cargo test -p macro-ui` writes the texts anew; read each before you keep it.
#[test]
fn the_attribute_tells_each_mistake() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
