//! Answers of a forked node: one file for each forked block, which only grows. Each line is a request
//! and its answer.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::ForkError;

/// Answers by request.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// The answers.
    answers: HashMap<String, Value>,
    /// The file that keeps them, and its path.
    file: Option<(File, PathBuf)>,
}

impl Cache {
    /// Opens the cache of a block in a folder, which is created; without a folder, answers are kept in
    /// memory.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged.
    pub(super) fn open(
        folder: Option<&Path>,
        chain_id: u64,
        height: u64,
    ) -> Result<Self, ForkError> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let path = folder.join(file_name(chain_id, height));
        let failed = |why| ForkError::Cache { path: path.clone(), why };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let file = OpenOptions::new().append(true).create(true).open(&path).map_err(failed)?;
        // A crash may have cut the last line.
        let whole = text.rfind('\n').map_or(0, |end| end.saturating_add(1));
        if whole < text.len() {
            text.truncate(whole);
            file.set_len(u64::try_from(whole).unwrap_or(u64::MAX)).map_err(failed)?;
        }
        let mut answers = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let (request, answer) =
                serde_json::from_str::<(String, Value)>(line).map_err(|_| ForkError::Damaged {
                    path: path.clone(),
                    line: index.saturating_add(1),
                })?;
            answers.insert(request, answer);
        }
        Ok(Self { answers, file: Some((file, path)) })
    }

    /// The answer to a request, if it is here.
    pub(super) fn get(&self, method: &str, params: &Value) -> Option<&Value> {
        self.answers.get(&request(method, params))
    }

    /// Adds an answer. Null is kept in memory only: the node may know more later.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn insert(
        &mut self,
        method: &str,
        params: &Value,
        answer: Value,
    ) -> Result<(), ForkError> {
        let entry = (request(method, params), answer);
        if let Some((file, path)) = &mut self.file
            && !entry.1.is_null()
        {
            let line = serde_json::to_string(&entry).map_err(io::Error::from);
            let written = line.and_then(|line| file.write_all(format!("{line}\n").as_bytes()));
            written.map_err(|why| ForkError::Cache { path: path.clone(), why })?;
        }
        self.answers.insert(entry.0, entry.1);
        Ok(())
    }
}

/// The chain id and the height of the only fork in a folder, or of the only one at this height.
///
/// # Errors
/// If there is none, or several.
pub(super) fn find(folder: &Path, height: Option<u64>) -> Result<(u64, u64), ForkError> {
    let failed = |why| ForkError::Cache { path: folder.to_owned(), why };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        found.extend(name.to_str().and_then(parse_file_name));
    }
    found.sort_unstable();
    let mut matching = found.iter().filter(|fork| height.is_none_or(|height| fork.1 == height));
    if let (Some(&fork), None) = (matching.next(), matching.next()) {
        return Ok(fork);
    }
    let name = |(chain, height): &(u64, u64)| format!("block {height} of chain {chain}");
    let names: Vec<_> = found.iter().map(name).collect();
    let found = if names.is_empty() { "no fork".to_owned() } else { names.join(", ") };
    Err(ForkError::NotCached { folder: folder.to_owned(), found })
}

/// Name of the file of a block.
fn file_name(chain_id: u64, height: u64) -> String {
    format!("{chain_id}-{height}.jsonl")
}

/// Chain id and height in the name of a file.
fn parse_file_name(name: &str) -> Option<(u64, u64)> {
    let (chain_id, height) = name.strip_suffix(".jsonl")?.split_once('-')?;
    Some((chain_id.parse().ok()?, height.parse().ok()?))
}

/// A request as a key.
fn request(method: &str, params: &Value) -> String {
    format!("{method} {params}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cut_line_is_dropped_and_another_damage_is_told() {
        let folder = std::env::temp_dir().join(format!("devnode-fork-{}", std::process::id()));
        let open = || Cache::open(Some(&folder), 7, 9);
        let key = json!(["0x1"]);
        open().unwrap().insert("a", &key, json!("0x5")).unwrap();
        open().unwrap().insert("b", &key, Value::Null).unwrap();
        let path = folder.join("7-9.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}[\"c")).unwrap();
        let mut cache = open().unwrap();
        assert_eq!(cache.get("a", &key), Some(&json!("0x5")));
        assert_eq!(cache.get("b", &key), None, "null may change");
        cache.insert("c", &key, json!(1)).unwrap();
        assert_eq!(open().unwrap().get("c", &key), Some(&json!(1)));
        assert_eq!(find(&folder, None).unwrap(), (7, 9));
        assert!(find(&folder, Some(8)).unwrap_err().to_string().contains("block 9 of chain 7"));
        Cache::open(Some(&folder), 8, 9).unwrap();
        find(&folder, Some(9)).unwrap_err();
        fs::write(&path, "what\n").unwrap();
        assert!(open().unwrap_err().to_string().contains("line 1"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
