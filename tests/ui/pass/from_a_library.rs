//! Jobs of a library that denies every lint: what matters is that it compiles.

#[test]
fn a_library_offers_its_jobs_and_the_binary_mends_their_names() {
    super::assert_lists(
        &macro_ui::jobs().prefix("ui_"),
        &["ui_sweep_up (", "cron = \"0 3 * * MON-FRI\"", "ui_all (", "every = 1800s"],
    );
}
