//! What one request has: an instance's memory, its environment, and its connections to the host.

use super::log::{Log, LogSender};
use crate::request::LogStream;
use hyper::http;
use muster_compute::Variable;
use std::fmt;
use wasmtime::{ResourceLimiter, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// What an element of a table costs, in bytes of memory.
const TABLE_ELEMENT_COST: u64 = 16;

/// How many streams, headers and so on a request may hold at once: more than any needs, and bounded.
const MAX_RESOURCES: usize = 16_384;

/// What one request has.
pub(super) struct State {
    /// Environment, output, clocks, randomness.
    wasi: WasiCtx,
    /// Limits of headers.
    http: WasiHttpCtx,
    /// What the component holds of the host's.
    table: ResourceTable,
    /// Denies requests.
    outgoing: NoRequests,
    /// What is left of its memory.
    pub(super) memory: MemoryLimit,
}

impl State {
    /// What a request has at its start.
    pub(super) fn new(environment: &[Variable], memory: u64, log: &LogSender) -> Self {
        let mut wasi = WasiCtx::builder();
        for variable in environment {
            wasi.env(&variable.name, &variable.value);
        }
        wasi.stdout(Log::new(log.clone(), LogStream::Stdout));
        wasi.stderr(Log::new(log.clone(), LogStream::Stderr));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table,
            outgoing: NoRequests,
            memory: MemoryLimit(memory),
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outgoing }
    }
}

/// Denies all requests that a component would send.
struct NoRequests;

/// A response, and what becomes of its connection.
type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for NoRequests {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// The bytes that memories and tables of a request may still take.
#[derive(Debug)]
pub(super) struct MemoryLimit(u64);

impl MemoryLimit {
    /// Takes what something grows by, unless that is too much.
    fn take(&mut self, current: usize, desired: usize, cost: u64) -> bool {
        let growth = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let left = self.0.checked_sub(growth.saturating_mul(cost));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(maximum.is_none_or(|most| desired <= most) && self.take(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = maximum.is_none_or(|most| desired <= most);
        Ok(fits && self.take(current, desired, TABLE_ELEMENT_COST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_a_limit() {
        let mut limit = MemoryLimit(100);
        assert!(limit.memory_growing(0, 50, None).unwrap());
        assert!(!limit.memory_growing(50, 60, Some(55)).unwrap());
        assert!(!limit.memory_growing(0, 51, None).unwrap());
        assert!(limit.table_growing(0, 3, None).unwrap());
        assert!(!limit.table_growing(3, 4, None).unwrap());
        assert!(limit.memory_growing(50, 52, None).unwrap());
        assert!(!limit.memory_growing(52, 53, None).unwrap());
    }
}
