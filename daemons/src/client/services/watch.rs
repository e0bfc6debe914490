//! What the reconciler is told of a service.

use alloy::primitives::Address;

use super::fleet::Fleet;
use crate::client::replica_plan::ReplicaWatch;
use crate::error::DaemonError;
use crate::service_record::ServicePlace;

impl ReplicaWatch for Fleet {
    fn name(&self) -> String {
        format!("service/{}", self.id)
    }

    fn is_ours(&self, agreement: Address) -> bool {
        self.agreements().contains(&agreement)
    }

    fn has_failed(&self, agreement: Address, worker: Address) -> bool {
        self.find(ServicePlace { agreement, worker }).is_some_and(|replica| replica.has_failed())
    }

    fn bought(&self, agreement: Address) -> Result<(), DaemonError> {
        if self.agreements().insert(agreement) {
            self.record.claim(self.id, agreement)?;
        }
        Ok(())
    }
}
