//! Snapshots of folders: reads and watches, and the keys that they show.

use std::collections::HashSet;

use leader_core::election::{
    Answer, Failure, FolderId, Index, KeyView, Scope, SessionId, WATCH_WAIT,
};

use super::acl::{Rule, lacks_right};
use super::agent::Agent;
use super::http::Http;
use super::keyspace::Keyspace;
use super::wire::{KvOperation, Operation, StoredKey, TransactionError};
use crate::leadership::Reply;
use crate::text::Excerpt;

/// Maximum number of reads of a transaction that names keys which do not exist: the second is without
/// them, the third for keys deleted meanwhile.
const MAX_READS: usize = 3;

impl Agent {
    /// Reads folders: several in one transaction; one by itself, since its answer has an index from which
    /// a watch can go on.
    pub(super) async fn read(&self, http: &Http, folders: &[FolderId]) -> Result<Answer, Reply> {
        match folders {
            [folder] => self.get(http, *folder, "consistent").await,
            folders => self.read_together(http, folders).await,
        }
    }

    pub(super) async fn watch(
        &self,
        http: &Http,
        folder: FolderId,
        index: Index,
    ) -> Result<Answer, Reply> {
        let wait = WATCH_WAIT.as_secs();
        self.get(http, folder, &format!("index={}&wait={wait}s", index.0)).await
    }

    async fn get(&self, http: &Http, folder: FolderId, query: &str) -> Result<Answer, Reply> {
        let path = {
            let layout = self.layout.read();
            match layout.scope(folder) {
                Scope::Key(key) => format!("kv/{}?{query}", layout.key(*key)),
                Scope::Prefix(prefix) => format!("kv/{prefix}?recurse&{query}"),
            }
        };
        let response = http.get(&path).await?;
        let index = response.index()?;
        Ok(self.view(index, response.stored()?))
    }

    /// Reads folders in one transaction, whose answer has no index. The beats are read with them: each
    /// acquisition of ours came with a beat, so a view whose beats are older than a term is older than
    /// the term.
    async fn read_together(&self, http: &Http, folders: &[FolderId]) -> Result<Answer, Reply> {
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
        for _ in 0..MAX_READS {
            let errors = match http.transact(&operations).await? {
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
            let entry = KeyView {
                index: Index(stored.modify_index),
                conflict: stored.is_semaphore(),
                session: stored.session.as_deref().map(&mut session_of),
            };
            Some((layout.find(&stored.key)?, entry))
        });
        Answer::View { index, keys: keys.collect() }
    }
}

/// Returns the operations that name keys which do not exist; `Err` if there is any other error.
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
            let fault = lacks_right(&Rule::for_key(keyspace, key), what);
            return Err(Reply::failed(Failure::Configuration, fault));
        } else {
            let fault = format!("refused to read keys: {}", Excerpt::line(what));
            return Err(Reply::failed(Failure::Transient, fault));
        }
    }
    Ok(absent)
}
