//! What one request has: an instance's memory, its environment, and its connections to the host.

use super::log::{Log, LogSender};
use crate::request::LogStream;
use hyper::http;
use muster_compute::{MemoryLimit, Variable};
use std::fmt;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

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
            memory: MemoryLimit::new(memory),
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
