//! What a write is executed as: its own operations, less those that a plant leaves out.

use leader_core::election::{Call, Operation, Path};

use crate::plant::Plant;

pub(crate) fn operations(call: &Call, plant: Option<Plant>) -> Vec<(Path, Operation)> {
    let mut operations = call.operations();
    operations.retain(|(path, operation)| !is_left_out(plant, call, path, operation));
    operations
}

fn is_left_out(plant: Option<Plant>, call: &Call, path: &Path, operation: &Operation) -> bool {
    let checks = matches!(operation, Operation::CheckIndex(_) | Operation::CheckAbsent);
    match (plant, call) {
        (Some(Plant::NoBeatInside), Call::Acquire { .. } | Call::Take { .. }) => {
            matches!((path, operation), (Path::Beat(_), Operation::Lock(_)))
        }
        (Some(Plant::UncheckedTake), Call::Take { .. })
        | (Some(Plant::UncheckedAcquire), Call::Acquire { .. })
        | (Some(Plant::ResumedByABeat), Call::Resume { .. })
        | (Some(Plant::UncheckedRelease), Call::Release { .. }) => checks,
        _ => false,
    }
}
