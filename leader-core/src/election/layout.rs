//! The keys of a process, grouped by the folders that are read and watched together.

use std::collections::BTreeMap;

use super::id::{FolderId, KeyId};

/// The keys of a process and the folders they lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    keys: Vec<(String, FolderId)>,
    ids: BTreeMap<String, KeyId>,
    folders: Vec<Scope>,
}

/// Keys that one read or watch covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One key, alone in its folder.
    Key(KeyId),
    /// Every key with this prefix, which ends with `/`.
    Prefix(String),
}

impl Layout {
    /// Groups these keys by folder. Each is given in full and once.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = String>) -> Self {
        let keys: Vec<String> = keys.into_iter().collect();
        let mut members: BTreeMap<&str, Vec<KeyId>> = BTreeMap::new();
        for (id, key) in (0..).map(KeyId).zip(&keys) {
            members.entry(folder(key)).or_default().push(id);
        }
        let mut folder_of = vec![FolderId(0); keys.len()];
        let mut folders = Vec::new();
        for (name, members) in members {
            // a prefix only where it saves requests; the root would cover every key of the datacenter
            let scopes: Vec<(Scope, &[KeyId])> = if name.is_empty() || members.len() == 1 {
                members.iter().map(|key| (Scope::Key(*key), std::slice::from_ref(key))).collect()
            } else {
                vec![(Scope::Prefix(name.to_owned()), &members)]
            };
            for (scope, members) in scopes {
                for KeyId(key) in members {
                    folder_of[*key as usize] = FolderId(folders.len() as u32);
                }
                folders.push(scope);
            }
        }
        let ids = keys.iter().cloned().zip((0..).map(KeyId)).collect();
        Self { keys: keys.into_iter().zip(folder_of).collect(), ids, folders }
    }

    /// Adds a key, unless it is there, to the prefix of its folder, since more may follow. Earlier
    /// keys keep their ids and folders.
    pub fn add(&mut self, key: &str) -> (KeyId, FolderId) {
        if let Some(id) = self.find(key) {
            return (id, self.folder_of(id));
        }
        let id = KeyId(self.keys.len() as u32);
        let scope = match folder(key) {
            "" => Scope::Key(id),
            folder => Scope::Prefix(folder.to_owned()),
        };
        let place = self.folders.iter().position(|known| *known == scope).unwrap_or_else(|| {
            self.folders.push(scope);
            self.folders.len() - 1
        });
        let folder = FolderId(place as u32);
        self.keys.push((key.to_owned(), folder));
        self.ids.insert(key.to_owned(), id);
        (id, folder)
    }

    /// Every key, in the order of the ids.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = (KeyId, &str)> {
        self.keys.iter().enumerate().map(|(id, (key, _))| (KeyId(id as u32), key.as_str()))
    }

    /// The key of this id.
    #[must_use]
    pub fn key(&self, KeyId(id): KeyId) -> &str {
        &self.keys[id as usize].0
    }

    /// The id of this key; `None` where the layout does not have it.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<KeyId> {
        self.ids.get(key).copied()
    }

    /// Folder of this key.
    #[must_use]
    pub fn folder_of(&self, KeyId(id): KeyId) -> FolderId {
        self.keys[id as usize].1
    }

    /// Every folder, in the order of the ids.
    #[must_use]
    pub fn folders(&self) -> &[Scope] {
        &self.folders
    }

    /// Keys that this folder covers.
    #[must_use]
    pub fn scope(&self, FolderId(id): FolderId) -> &Scope {
        &self.folders[id as usize]
    }
}

fn folder(key: &str) -> &str {
    key.rfind('/').map_or("", |slash| &key[..=slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_folder_share_a_watch_and_a_lone_key_has_its_own() {
        let layout = Layout::new(["a/x", "b/c/y", "a/z", "top", "other"].map(str::to_owned));
        let scope = |key| layout.scope(layout.folder_of(KeyId(key)));
        assert_eq!(scope(0), &Scope::Prefix("a/".into()));
        assert_eq!(scope(2), &Scope::Prefix("a/".into()));
        assert_eq!(scope(1), &Scope::Key(KeyId(1)));
        assert_eq!(scope(3), &Scope::Key(KeyId(3)));
        assert_eq!(scope(4), &Scope::Key(KeyId(4)));
        assert_eq!(layout.folders().len(), 4);
    }

    #[test]
    fn a_key_that_is_added_joins_its_folder_and_moves_nothing() {
        let mut layout = Layout::new(["a/x", "a/y", "b/x"].map(str::to_owned));
        let before = layout.folders().to_vec();
        assert_eq!(layout.add("a/z"), (KeyId(3), layout.folder_of(KeyId(0))));
        assert_eq!(layout.add("b/y"), (KeyId(4), FolderId(2)));
        assert_eq!(layout.add("a/x"), (KeyId(0), layout.folder_of(KeyId(0))));
        assert_eq!(layout.folders()[..2], before);
        assert_eq!(layout.add("b/z"), (KeyId(5), FolderId(2)));
        assert_eq!(layout.scope(FolderId(1)), &Scope::Key(KeyId(2)));
        assert_eq!(layout.scope(FolderId(2)), &Scope::Prefix("b/".into()));
    }
}
