//! Parts that the simulated cluster (`tests/election`) and the model (`tests/model`) share: the rules
//! that can be broken, and the execution of a transaction. Time and history are each one's own.

mod mutation;
mod transaction;

pub(crate) use self::mutation::Mutation;
pub(crate) use self::transaction::{Objection, Store, operations, transact};
