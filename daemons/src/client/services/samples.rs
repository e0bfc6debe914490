//! The checks of a service as a sample for testers.

use std::fs::File;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use muster_compute::Digest;
use muster_messaging::{BoxError, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece, SampleSource};

use super::fleet::Fleet;
use crate::client::job_samples::{cut, read};
use crate::service_checks::ServiceChecks;

/// The checks of a service, for testers of workers that run it.
#[derive(Debug)]
pub(super) struct ServiceSamples {
    /// The service.
    fleet: Arc<Fleet>,
    /// The document of its checks.
    document: Vec<u8>,
    /// What testers are told; `None` if document and component are too large for them.
    info: Option<SampleInfo>,
}

impl ServiceSamples {
    /// The checks of a service.
    ///
    /// # Errors
    /// If the component cannot be read.
    pub(super) fn new(fleet: Arc<Fleet>, checks: &ServiceChecks) -> std::io::Result<Self> {
        let document = checks.document();
        let component = File::open(&fleet.component)?.metadata()?.len();
        let size = u64::try_from(document.len()).unwrap_or(u64::MAX).saturating_add(component);
        let job = B256::new(*Digest::of(&document).as_bytes());
        let size = u32::try_from(size).ok().filter(|size| *size <= SAMPLE_LIMIT);
        if size.is_none() {
            tracing::warn!("the component is too large for testers, who do not check this service");
        }
        Ok(Self { fleet, document, info: size.map(|size| SampleInfo { job, size }) })
    }

    /// Whether testers of an agreement get it.
    fn is_for(&self, agreement: Address, is_index: impl Fn(u8) -> bool) -> bool {
        self.fleet.all().iter().any(|replica| {
            let worker = &replica.worker;
            worker.agreement.address() == agreement && is_index(worker.index) && replica.is_ready()
        })
    }
}

impl SampleSource for ServiceSamples {
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError> {
        let is_for = self.is_for(agreement, |index| index == worker);
        Ok(SampleList { service: self.info.filter(|_| is_for), ..SampleList::default() })
    }

    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        let is_asked = self.info.is_some_and(|info| info.job == job);
        if !is_asked || !self.is_for(agreement, |_| true) {
            return Ok(None);
        }
        if blob == job {
            return Ok(cut(&self.document, offset));
        }
        if blob.0 != *self.fleet.document.component.as_bytes() {
            return Ok(None);
        }
        Ok(read(&File::open(&self.fleet.component)?, offset)?)
    }
}
