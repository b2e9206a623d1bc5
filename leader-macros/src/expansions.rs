//! Expansions of the attribute, as a reader of `cargo expand` sees them. They call no macro of ours:
//! this is all of it.
//!
//! `INSTA_UPDATE=always cargo test -p leader-macros` writes the texts anew; read each before you
//! keep it.

use proc_macro2::TokenStream;
use proptest::prelude::*;
use proptest::sample::select;
use quote::quote;

use crate::expand::leader_job;

fn expanded(options: TokenStream, item: TokenStream) -> String {
    let file = syn::parse2(leader_job(options, item)).expect("an expansion is items");
    prettyplease::unparse(&file)
}

/// Compares with `snapshots/<name>.snap`.
fn assert_is(name: &str, expansion: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, expansion));
}

#[test]
fn the_clock_expands_into_forty_lines_at_most() {
    let expansion = expanded(
        quote!(key = "service/clock", every = "3s", standby = not_the_leader),
        quote! {
            /// Prints the time on the leader, every three seconds.
            async fn call_time() {
                println!("It is {}", jiff::ZonedDateTime::now());
            }
        },
    );
    assert!(expansion.lines().count() <= 40, "{expansion}");
    assert_is("clock", &expansion);
}

#[test]
fn a_job_with_every_option_and_parameter() {
    assert_is(
        "every_option",
        &expanded(
            quote! {
                key = keys::REPORT, name = "nightly", cron = "0 3 * * MON-FRI", tz = "Europe/Oslo",
                except = "2026-12-24..2027-01-02, 12-25",
                jitter = "5s", on_elected = true, timeout = "30m", overlap = "queue", missed = "all",
                missed_within = "2d", interrupted = "rerun", retries = 3, backoff = "1s..1m",
                on_loss = "grace", drain = "20s", step_down_after = 3, standby = self::watch,
                enabled = false, crate = platform::scheduling,
            },
            quote! {
                #[tracing::instrument(skip_all)]
                pub(crate) async fn report(
                    run: Run,
                    due: Due,
                    fence: Fence,
                    stop: Stop,
                    leading: Leading<'_>,
                    kv: Kv,
                    Data(pool): Data<Pool>,
                ) -> Result<Outcome, Error> {
                    todo!()
                }
            },
        ),
    );
}

#[test]
fn a_plain_function_is_blocking_work() {
    assert_is(
        "plain_function",
        &expanded(
            quote!(key = "service/compress", every = "1h", timeout = "10m"),
            quote! {
                pub fn compress(stop: Stop, Data(files): Data<Files>) -> Result<(), Error> {
                    todo!()
                }
            },
        ),
    );
}

#[test]
fn an_interval_may_be_a_constant() {
    assert_is(
        "constant_interval",
        &expanded(
            quote!(key = "service/sweep", every = INTERVAL, offset = "10m"),
            quote! {
                #[cfg(feature = "sweep")]
                pub async fn sweep(fence: Fence) {}
            },
        ),
    );
}

/// The minute is the one that `jobs next` tells; of a key that is a constant the macro knows none.
#[test]
fn a_time_of_the_jobs_own_is_shown_where_its_key_is() {
    let job = || {
        quote!(
            async fn call_time() {}
        )
    };
    let shown = expanded(quote!(key = "service/clock", cron = "H H * * *"), job());
    assert!(shown.contains("**when** at 01:58 every day, in UTC"), "{shown}");
    assert!(shown.contains("`2026-01-01T01:58:00Z`"), "{shown}");
    assert!(shown.contains("(\"cron\", \"H H * * *\")"), "{shown}");
    let named = quote!(key = "service/clock", cron = "H H * * *", name = "another");
    assert!(!expanded(named, job()).contains("01:58"));
    let hidden = expanded(quote!(key = keys::CLOCK, cron = "H H * * *", tz = "UTC"), job());
    assert!(hidden.contains("`cron = \"H H * * *\"`, `tz = \"UTC\"`, with places"), "{hidden}");
    let every = expanded(quote!(key = "service/clock", every = "1h", jitter = "hash"), job());
    assert!(every.contains("`2026-01-01T00:41:27.74Z`"), "{every}");
}

#[test]
fn a_faulty_job_leaves_its_function_in_place_and_is_still_one() {
    assert_is(
        "faulty",
        &expanded(
            quote!(key = "service/clock", every = "0s"),
            quote! {
                async fn call_time(fence: Fence) {}
            },
        ),
    );
}

/// Whatever tokens stand between the parentheses, mostly options with values of every kind.
fn attributes() -> impl Strategy<Value = String> {
    let option = select(vec![
        "key",
        "every",
        "cron",
        "tz",
        "offset",
        "overlap",
        "retries",
        "backoff",
        "while_leading",
        "standby",
        "crate",
        "enabled",
        "name",
        "missed",
        "except",
        "evry",
        "self",
        "a::b",
        "r#loop",
        "\"\"",
        "",
    ]);
    let value = select(vec![
        "= \"3s\"",
        "= \"service/clock\"",
        "= \"Europe/Oslo\"",
        "= \"0 9 * * *\"",
        "= \"H H(1-5) * * *\"",
        "= \"12-24..01-02\"",
        "= \"hash\"",
        "= 3",
        "= -1",
        "= 1.5",
        "= true",
        "= a::B",
        "= f()",
        "= concat!(\"a\")",
        "= {",
        "(\"3s\")",
        ": 3",
        "",
        "=",
        "= b\"3\"",
        "= \"\\u{0}\"",
        "= async || {}",
        "= 3s",
        "= <u8 as T>::X",
        "= 'x'",
        "= #",
        "= \"\"",
    ]);
    let comma = select(vec![", ", ", ", ", ", ",,", " "]);
    proptest::collection::vec((option, value, comma), 0..6).prop_map(|options| {
        options.iter().map(|(option, value, comma)| format!("{option} {value}{comma}")).collect()
    })
}

proptest! {
    #[test]
    fn no_attribute_makes_the_macro_panic_and_each_leaves_the_function_in_place(
        attribute in attributes(),
    ) {
        let Ok(options) = attribute.parse::<TokenStream>() else { return Ok(()) };
        let expansion = leader_job(options, quote!(async fn call_time(fence: Fence) {}));
        let text = expansion.to_string();
        prop_assert!(text.contains("async fn call_time (fence : Fence) { }"), "{}", text);
        prop_assert!(text.contains("struct call_time { }"), "{}", text);
        prop_assert!(syn::parse2::<syn::File>(expansion).is_ok(), "{}", text);
    }
}
