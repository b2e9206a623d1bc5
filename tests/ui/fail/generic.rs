use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
async fn clock<T: Default>() {
    let _ = T::default();
}

#[leader_job(key = "service/clock", every = "3s")]
async fn shown(what: impl ToString) {
    let _ = what.to_string();
}

fn main() {}
