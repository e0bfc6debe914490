//! A chain in its own process, and connections to it.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use alloy::transports::http::reqwest::Client;
use serde_json::Value;
use stylus_devnode::CHAIN_ID;
use tokio::time::{self, Instant};

/// A chain that runs until this is dropped.
pub(crate) struct Chain {
    /// Name of the chain.
    pub(crate) name: &'static str,
    /// The process.
    process: Child,
    /// The connection for requests outside of the measurements.
    connection: Connection,
    /// Time from the start of the process to the first response.
    pub(crate) start: Duration,
}

/// One connection to a chain.
#[derive(Clone)]
pub(crate) struct Connection {
    /// HTTP client.
    client: Client,
    /// URL of the chain.
    url: String,
}

/// The body of a request.
pub(crate) fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

impl Chain {
    /// A chain of this crate.
    pub(crate) async fn devnode() -> Self {
        let begin = Instant::now();
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self::wait_until_ready("devnode", process, url.trim().to_owned(), begin).await
    }

    /// Anvil with the same chain id and base fee. It mines ten blocks per second with enough gas
    /// for everything: when it mines a block per transaction, it leaves some in its pool under
    /// load.
    pub(crate) async fn anvil(path: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let begin = Instant::now();
        let mut command = Command::new(path);
        command.args(["--port", &port.to_string(), "--chain-id", &CHAIN_ID.to_string()]);
        command.args(["--base-fee", "100000000", "--order", "fifo", "--silent"]);
        command.args(["--block-time", "0.1", "--gas-limit", "1000000000"]);
        let process = command.stdout(Stdio::null()).spawn().unwrap();
        Self::wait_until_ready("anvil", process, format!("http://127.0.0.1:{port}"), begin).await
    }

    /// Waits for the first response of a process.
    async fn wait_until_ready(
        name: &'static str,
        process: Child,
        url: String,
        begin: Instant,
    ) -> Self {
        let connection = Connection { client: Client::new(), url };
        while connection.post(request("eth_chainId", "[]")).await.is_none() {
            time::sleep(Duration::from_millis(1)).await;
        }
        Self { name, process, connection, start: begin.elapsed() }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection { client: Client::new(), ..self.connection.clone() }
    }

    /// The result of a request.
    pub(crate) async fn rpc(&self, method: &str, params: &str) -> Value {
        self.connection.send(request(method, params)).await
    }

    /// Resident memory of the process in bytes; `None` on other systems than Linux.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Connection {
    /// The result of a request, which must succeed.
    pub(crate) async fn send(&self, body: String) -> Value {
        let mut response = self.post(body).await.expect("a response");
        assert!(response.get("error").is_none(), "{response}");
        response.get_mut("result").map(Value::take).unwrap()
    }

    /// The response to a body; `None` if there is none.
    async fn post(&self, body: String) -> Option<Value> {
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let response = request.body(body).send().await.ok()?;
        serde_json::from_str(&response.text().await.ok()?).ok()
    }
}
