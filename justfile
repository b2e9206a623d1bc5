# Each recipe is a few plain commands, so `just` is optional. `just --list` shows them.

# Format, lints, and the tests that need no Consul: a minute or two once built
quick:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    cargo test -p lints
    cargo test -p leader-core --lib --test election
    cargo test -p leader-macros
    cargo test -p leader-runtime --lib

# The attribute: expansions and compile errors
ui:
    cargo test -p leader-macros
    cargo test -p macro-ui

# The model of the election: millions of states
model:
    cargo test -p leader-core --test model

# Everything that must hold before a change lands. Needs Go; installs the rest
ci:
    .ci/run

# The figures that README promises, half an hour
bench:
    cargo bench -p tests

# The API docs, as on docs.rs, and the guide
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features
    cargo test -p examples --doc
    cargo test -p lints --test links

# The guide as a site in guide/book (`cargo install mdbook --locked`)
guide:
    mdbook build guide

# Counts: doc comments that open with What, pronouns, long files, circles of modules
count:
    cargo run -q -p lints

# Licences, advisories, duplicate and foreign crates (`cargo install cargo-deny --locked`)
deny:
    cargo deny check

# Each dependency at the least version that Cargo.toml allows; leaves Cargo.lock as it was
minimal-versions:
    cp Cargo.lock target/Cargo.lock.kept
    RUSTC_BOOTSTRAP=1 cargo update -Z direct-minimal-versions
    cargo check --workspace --all-targets --all-features --target-dir target/minimal; \
        status=$?; cp target/Cargo.lock.kept Cargo.lock; exit $status

# The oldest compiler that Cargo.toml declares (`rustup toolchain install 1.89`)
oldest:
    cargo +1.89 check -p leader-runtime --all-features --locked --target-dir target/oldest

# What a release uploads, built from the packed files
package:
    cargo package --locked -p leader-core -p leader-macros -p leader-runtime

# A release: checks, then the steps for a person. `just release 0.2.0`
release version: ci deny minimal-versions package
    test "$(git status --porcelain)" = ""
    grep -q '^## {{version}}' CHANGELOG.md
    grep -q '^version = "{{version}}"' Cargo.toml
    test "$(grep -c 'version = "={{version}}"' Cargo.toml)" = 3
    @echo 'from the second release on: cargo semver-checks -p leader-core -p leader-runtime'
    @echo 'git tag -s v{{version}} && git push --tags'
    @echo 'cargo publish -p leader-core -p leader-macros -p leader-runtime'
