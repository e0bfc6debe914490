//! Order files: by which application document a client bought an agreement, for all programs of its account.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use muster_messaging::ApplicationCommitment;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// What a client bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderFile {
    /// The agreement.
    pub agreement: Address,
    /// The application's name.
    pub application: Box<str>,
    /// The digest of its document.
    pub digest: B256,
    /// The commitments of the agreement's workers to serve by that document. Testers get them with their passes.
    pub commitments: Vec<ApplicationCommitment>,
}

/// A folder with an order file for each agreement that was bought by a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFolder(PathBuf);

impl OrderFolder {
    /// The order files below this path, which need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where the order file of an agreement is.
    #[must_use]
    pub fn path(&self, agreement: Address) -> PathBuf {
        self.0.join(format!("{agreement}.json"))
    }

    /// Writes an order file, whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, order: &OrderFile) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let file = NamedTempFile::new_in(&self.0)?;
        serde_json::to_writer_pretty(&file, order)?;
        file.as_file().sync_all()?;
        file.persist(self.path(order.agreement))?;
        Ok(())
    }

    /// The order file of an agreement; `None` if it was not bought by a document.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::InvalidData`] if it is no order file.
    pub fn read(&self, agreement: Address) -> io::Result<Option<OrderFile>> {
        match fs::read(self.path(agreement)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_file_is_read_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let orders = OrderFolder::new(&folder.path().join("orders"));
        let agreement = Address::repeat_byte(1);
        assert_eq!(orders.read(agreement).unwrap(), None);
        let (digest, zero) = (B256::repeat_byte(2), B256::ZERO);
        let commitments = vec![ApplicationCommitment { digest, until: 7, r: zero, vs: zero }];
        let order = OrderFile { agreement, application: "echo".into(), digest, commitments };
        orders.save(&order).unwrap();
        assert_eq!(orders.read(agreement).unwrap(), Some(order));
        assert_eq!(orders.read(Address::ZERO).unwrap(), None);
        fs::write(orders.path(agreement), "{}").unwrap();
        assert_eq!(orders.read(agreement).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
