#!/usr/bin/env bash
# What attributes cost to compile, ours beside others: the seconds that each adds to a cold
# `cargo check`, and the milliseconds a use to a warm one, above a crate that names the same
# dependency and uses nothing of it. Medians; some ten minutes on an idle machine. Not part of the tests, since a busy machine would fail them.
#
#   leader-macros/cost.sh [RUNS]
set -euo pipefail
runs=${1:-3}
ours=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$ours/rust-toolchain.toml" "$scratch"
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

# NAME: milliseconds of one check, by the wall and of the processors
check() (
    cd "$scratch/$1"
    TIMEFORMAT='%R %U %S'
    { time cargo check --quiet --offline 2>&3; } 3>&2 2>"$scratch/time"
    awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' "$scratch/time"
)

# COLUMN RUNS: of the lines that come
median() { cut -d ' ' -f "$1" | sort -n | sed -n "$((($2 + 1) / 2))p"; }

cold() {
    for _ in $(seq "$runs"); do
        rm -rf "$scratch/$1/target"
        check "$1"
    done >"$scratch/cold"
    echo "$(median 1 "$runs" <"$scratch/cold") $(median 2 "$runs" <"$scratch/cold")"
}

# of the processors alone: a warm check is one thread's work
warm() {
    check "$1" >/dev/null
    for _ in $(seq $((runs * 3))); do
        touch "$scratch/$1/src/lib.rs"
        check "$1"
    done | median 2 $((runs * 3))
}

seconds() { printf '%d.%01d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

crate bare "$bare" ''
crate tokio 'tokio-macros = "2"' ''
crate axum 'axum-macros = "0.5"' ''
crate leader "leader-macros = { path = \"$ours/leader-macros\" }" ''

echo "a cold check of an empty crate that depends on them, median of $runs (processor time):"
for name in bare tokio axum leader; do
    case $name in
        bare) title='syn, quote and proc-macro2' ;;
        *) title="$name-macros" ;;
    esac
    read -r wall processor <<<"$(cold $name)"
    [ $name = axum ] && axum=$processor
    printf '  %-28s %s (%s)\n' "$title" "$(seconds "$wall")" "$(seconds "$processor")"
done
printf '  %-28s %d.%02d\n' 'ours over axum-macros' $((processor / axum)) $((processor * 100 / axum % 100))

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

# NAME CRATE: milliseconds of a warm check that uses nothing of the crate, and of a hundred uses
uses() {
    local source=$scratch/$1/src/lib.rs nothing
    mv "$source" "$scratch/uses"
    printf '%s\n' "${2:+use $2 as _;}" >"$source"
    nothing=$(warm "$1")
    mv "$scratch/uses" "$source"
    echo "$nothing $(warm "$1")"
}

echo "a warm check: processor time of a use, and of a crate that names the dependency alone:"
for use in 'plain::a plain async fn' 'echoes:echo:syn and quote, re-emitted' 'mains:tokio:#[tokio::main]' \
    'handlers:axum:#[axum::debug_handler]' 'jobs:leader_runtime:#[leader_job], every' \
    'crons:leader_runtime:#[leader_job], cron with tz'; do
    IFS=: read -r name dependency title <<<"$use"
    read -r nothing hundred <<<"$(uses "$name" "$dependency")"
    took=$((hundred - nothing))
    printf '  %-28s %d.%02d ms, %d ms\n' "$title" $((took / 100)) $((took % 100)) "$nothing"
done
