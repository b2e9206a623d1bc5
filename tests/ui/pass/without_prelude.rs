//! Where no name of the standard library is in scope.

#![no_implicit_prelude]

#[::leader_runtime::leader_job(key = "service/bare", every = "3s", standby = wait)]
async fn bare(_: ::leader_runtime::Fence) -> ::std::result::Result<(), ::std::string::String> {
    ::std::result::Result::Ok(())
}

async fn wait() {}

#[::core::prelude::v1::test]
fn is_listed() {
    let _ = ::leader_runtime::jobs![bare];
}
