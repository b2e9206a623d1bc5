//! What a read or a watch of folders shows.

use std::collections::HashSet;

use leader_core::election::{
    Answer, Entry, Failure, FolderId, Index, Scope, SessionId, WATCH_WAIT,
};

use super::super::Reply;
use super::Shared;
use super::acl::lacks_right;
use super::keyspace::Keyspace;
use super::wire::{KvOperation, Operation, StoredKey, TransactionError};

/// So many times a transaction is read that names keys which do not exist: the second time without
/// them, and once more where others went meanwhile.
const TRIES: usize = 3;

impl Shared {
    /// One folder has an index of its own, from which a watch can go on; several are read in one
    /// transaction.
    pub(super) async fn read(&self, folders: &[FolderId]) -> Result<Answer, Reply> {
        match folders {
            [folder] => self.get(*folder, "consistent").await,
            folders => self.read_together(folders).await,
        }
    }

    pub(super) async fn watch(&self, folder: FolderId, index: Index) -> Result<Answer, Reply> {
        let wait = WATCH_WAIT.as_secs();
        self.get(folder, &format!("index={}&wait={wait}s", index.0)).await
    }

    async fn get(&self, folder: FolderId, query: &str) -> Result<Answer, Reply> {
        let path = {
            let layout = self.layout.read();
            match layout.scope(folder) {
                Scope::Key(key) => format!("kv/{}?{query}", layout.key(*key)),
                Scope::Prefix(prefix) => format!("kv/{prefix}?recurse&{query}"),
            }
        };
        let response = self.http.get(&path).await?;
        let index = response.index()?;
        Ok(self.view(index, response.stored()?))
    }

    /// The answer to a transaction has no index. The beats are read with it: each acquisition of
    /// ours came with a beat, so that a view whose beat is older than a term is older than the term.
    async fn read_together(&self, folders: &[FolderId]) -> Result<Answer, Reply> {
        let mut operations =
            vec![Operation { kv: KvOperation::new("get-tree", self.keyspace.beats()) }];
        {
            let layout = self.layout.read();
            operations.extend(folders.iter().map(|folder| {
                let kv = match layout.scope(*folder) {
                    Scope::Key(key) => KvOperation::new("get", layout.key(*key)),
                    Scope::Prefix(prefix) => KvOperation::new("get-tree", prefix),
                };
                Operation { kv }
            }));
        }
        for _ in 0..TRIES {
            let errors = match self.http.transact(&operations).await? {
                Ok(stored) => {
                    let newest = stored.iter().map(|stored| stored.modify_index).max();
                    return Ok(self.view(Index(newest.unwrap_or_default()), stored));
                }
                Err(errors) => errors,
            };
            let absent = absent(&operations, &errors, &self.keyspace)?;
            let mut number = 0..;
            operations.retain(|_| !number.next().is_some_and(|number| absent.contains(&number)));
        }
        Err(Reply::failed(Failure::Transient, "keys vanished while they were read"))
    }

    fn view(&self, index: Index, stored: Vec<StoredKey>) -> Answer {
        let layout = self.layout.read();
        // one session holds most of what it holds in a row
        let mut last: Option<SessionId> = None;
        let mut session_of = |text: &str| match &last {
            Some(session) if session.as_str() == text => session.clone(),
            _ => last.insert(SessionId::new(text)).clone(),
        };
        let keys = stored.into_iter().filter_map(|stored| {
            let entry = Entry {
                index: Index(stored.modify_index),
                conflict: stored.is_semaphore(),
                session: stored.session.as_deref().map(&mut session_of),
            };
            Some((layout.find(&stored.key)?, entry))
        });
        Answer::View { index, keys: keys.collect() }
    }
}

/// Which operations name keys that do not exist; `Err` where something else stood against them.
fn absent(
    operations: &[Operation],
    errors: &[TransactionError],
    keyspace: &Keyspace,
) -> Result<HashSet<usize>, Reply> {
    let mut absent = HashSet::new();
    for TransactionError { op_index, what } in errors {
        if what.contains("doesn't exist") {
            absent.insert(*op_index);
        } else if what.contains("Permission denied") {
            let key = operations.get(*op_index).map_or("", |operation| &operation.kv.key);
            let fault = lacks_right(&keyspace.rule(key), what);
            return Err(Reply::failed(Failure::Configuration, fault));
        } else {
            let fault = format!("refused to read keys: {what}");
            return Err(Reply::failed(Failure::Transient, fault));
        }
    }
    Ok(absent)
}
