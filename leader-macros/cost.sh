#!/usr/bin/env bash
# What attributes cost to compile, ours beside others: the seconds that each adds to a cold
# `cargo check`, and the milliseconds a use to a warm one. Medians, on an otherwise idle machine;
# some five minutes. Not part of the tests, since a busy machine would fail them.
#
#   leader-macros/cost.sh [RUNS]
set -euo pipefail
runs=${1:-3}
ours=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset CARGO_TARGET_DIR RUSTFLAGS CARGO_INCREMENTAL

syn='syn = { version = "3", default-features = false, features = ["parsing", "printing", "proc-macro", "clone-impls", "full"] }'
bare="$syn
quote = \"1\"
proc-macro2 = \"1\""

# NAME DEPENDENCIES SOURCE: a crate
crate() {
    mkdir -p "$scratch/$1/src"
    printf '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n%s\n' "$2" \
        >"$scratch/$1/Cargo.toml"
    printf '%s\n' "$3" >"$scratch/$1/src/lib.rs"
    (cd "$scratch/$1" && cargo fetch --quiet)
}

# ATTRIBUTE: a hundred functions under it
hundred() {
    local attribute=$1 i
    for i in $(seq 100); do
        printf '%s\nasync fn job_%s() {}\n' "${attribute//@/$i}" "$i"
    done
}

# NAME: milliseconds of one check
check() (
    cd "$scratch/$1"
    local began
    began=$(date +%s%N)
    cargo check --quiet --offline >&2
    echo $((($(date +%s%N) - began) / 1000000))
)

median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }

cold() {
    for _ in $(seq "$runs"); do
        rm -rf "$scratch/$1/target"
        check "$1"
    done | median "$runs"
}

warm() {
    check "$1" >/dev/null
    for _ in $(seq $((runs * 3))); do
        touch "$scratch/$1/src/lib.rs"
        check "$1"
    done | median $((runs * 3))
}

seconds() { printf '%d.%01d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

crate empty '' ''
crate bare "$bare" ''
crate tokio 'tokio-macros = "2"' ''
crate axum 'axum-macros = "0.5"' ''
crate leader "leader-macros = { path = \"$ours/leader-macros\" }" ''

nothing=$(cold empty)
echo "a cold check, more than that of an empty crate ($(seconds "$nothing")), median of $runs:"
for name in bare tokio axum leader; do
    case $name in
        bare) title='syn, quote and proc-macro2' ;;
        *) title="$name-macros" ;;
    esac
    printf '  %-28s %s\n' "$title" "$(seconds $(($(cold $name) - nothing)))"
done

# as small as an attribute can be that reads its function
mkdir -p "$scratch/echo/src"
printf '[package]\nname = "echo"\nversion = "0.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n[workspace]\n[dependencies]\n%s\n' "$bare" \
    >"$scratch/echo/Cargo.toml"
cat >"$scratch/echo/src/lib.rs" <<'RUST'
use quote::ToTokens;
#[proc_macro_attribute]
pub fn echo(_: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    syn::parse_macro_input!(item as syn::ItemFn).into_token_stream().into()
}
RUST

runtime="leader-runtime = { path = \"$ours/leader-runtime\" }"
tokio='tokio = { version = "1", features = ["macros", "rt"] }'
axum='axum = { version = "0.8", default-features = false, features = ["macros", "tokio", "http1"] }'
crate plain '' "$(hundred '#[allow(dead_code)]')"
crate echoes 'echo = { path = "../echo" }' "$(hundred '#[allow(dead_code)] #[echo::echo]')"
crate mains "$tokio" "$(hundred '#[allow(dead_code)] #[tokio::main(flavor = "current_thread")]')"
crate handlers "$axum" "$(hundred '#[allow(dead_code)] #[axum::debug_handler]')"
crate jobs "$runtime" "$(hundred '#[allow(dead_code)] #[leader_runtime::leader_job(key = "service/job_@", every = "3s")]')"
crate crons "$runtime" "$(hundred '#[allow(dead_code)] #[leader_runtime::leader_job(key = "service/job_@", cron = "0 9 * * MON-FRI", tz = "Europe/Oslo", overlap = "queue")]')"

nothing=$(warm plain)
echo "a warm check of a hundred uses, more than without any ($nothing ms), a use:"
for use in 'echoes:syn and quote, re-emitted' 'mains:#[tokio::main]' 'handlers:#[axum::debug_handler]' \
    'jobs:#[leader_job], every' 'crons:#[leader_job], cron with tz'; do
    took=$(($(warm "${use%%:*}") - nothing))
    printf '  %-28s %d.%02d ms\n' "${use#*:}" $((took / 100)) $((took % 100))
done
