//! A service, as its host holds it.

use super::{
    log::{Log, LogLine},
    process::Stop,
    settings::Settings,
    status::Status,
    supervisor::{Shared, supervise},
};
use crate::{SendError, ServiceDocument, StartError, check_component, request::CHILD_VARIABLE};
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use std::{
    error::Error,
    fmt,
    fs::File,
    io::{Seek, Write},
    os::{fd::AsRawFd, unix::net::UnixListener},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::UnixStream, sync::watch, time::timeout};

/// The name of the socket in its folder.
const SOCKET: &str = "http";
/// How long a request waits for a service that is started again.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// What a process gets to tell that a request took too long.
const GRACE: Duration = Duration::from_secs(10);

/// A service that runs until this value is dropped.
pub struct Service {
    /// What its thread has as well.
    shared: Arc<Shared>,
    /// Disconnected when the service ends.
    running: Option<mpsc::Sender<()>>,
    /// The thread that keeps its process.
    thread: Option<thread::JoinHandle<()>>,
    /// The private folder of its socket.
    folder: TempDir,
    /// The same, open: a socket's path must be short, and the folder's need not be.
    open_folder: File,
}

impl Service {
    /// Checks a component and starts to compile and serve it. Does not wait for that: see [`Service::status`].
    ///
    /// # Errors
    /// [`StartError`], if the document or the component cannot be a service's, or this machine lacks something.
    pub fn start(
        settings: &Settings,
        mut document: ServiceDocument,
        component: &[u8],
    ) -> Result<Self, StartError> {
        if std::env::var_os(CHILD_VARIABLE).is_some() {
            return Err(StartError::InChild);
        }
        document.check(&settings.limits)?;
        let actual = check_component(component)?.digest;
        if actual != document.component {
            return Err(StartError::OtherComponent { expected: document.component, actual });
        }
        // A folder of mode 0700, so nobody else can connect.
        let folder = tempfile::Builder::new().prefix("service").tempdir_in(&settings.folder)?;
        let open_folder = File::open(folder.path())?;
        let listener = UnixListener::bind(address(&open_folder))?;
        let mut file = tempfile::tempfile_in(&settings.folder)?;
        file.write_all(component)?;
        file.rewind()?;

        let shared = Arc::new(Shared {
            document,
            status: watch::Sender::new(Status::Compiling),
            log: Mutex::new(Log::new(settings.log_size)),
            stop: Stop::default(),
        });
        let (running, stopped) = mpsc::channel();
        let (of_thread, settings) = (Arc::clone(&shared), settings.clone());
        let thread = thread::Builder::new()
            .name("service".to_owned())
            .spawn(move || supervise(&of_thread, &settings, file, &listener, &stopped))?;
        Ok(Self { shared, running: Some(running), thread: Some(thread), folder, open_folder })
    }

    /// What the client says of it.
    #[must_use]
    pub fn document(&self) -> &ServiceDocument {
        &self.shared.document
    }

    /// Whether it runs.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status.borrow().clone()
    }

    /// Waits until it runs or will not.
    ///
    /// # Errors
    /// The reason why it will not.
    pub async fn ready(&self) -> Result<(), SendError> {
        let mut status = self.shared.status.subscribe();
        let is_settled = |status: &Status| matches!(status, Status::Running | Status::Failed(_));
        let settled = status.wait_for(is_settled).await;
        match settled.as_deref() {
            Ok(Status::Failed(failure)) => Err(failure.clone().into()),
            Ok(_) => Ok(()),
            // The thread of the service is gone.
            Err(_) => Err(SendError::NotRunning),
        }
    }

    /// The lines of its log from a number on, as far as they are kept.
    #[must_use]
    pub fn log(&self, from: u64) -> Vec<LogLine> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).from(from)
    }

    /// The Unix socket on which it speaks HTTP, for this user alone. Paths of more than 107 bytes cannot be connected to.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// Sends a request, and returns the response as soon as its head is there. Waits a few seconds for a service that is
    /// started again.
    ///
    /// # Errors
    /// [`SendError`], if there is no response. One that tells of a limit or a trap is a response.
    pub async fn send<B>(&self, mut request: Request<B>) -> Result<Response<Incoming>, SendError>
    where
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        timeout(START_TIMEOUT, self.ready()).await.map_err(|_| SendError::NotRunning)??;
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        }
        let connection = UnixStream::connect(address(&self.open_folder)).await?;
        let handshake = http1::handshake(TokioIo::new(connection)).await;
        let (mut sender, connection) = handshake.map_err(SendError::Ended)?;
        // It ends with the response's body; how is told there.
        tokio::spawn(async move { drop(connection.await) });
        // The same time again to wait for its turn.
        let wall_time = Duration::from_millis(self.shared.document.limits.wall_ms);
        let limit = wall_time.saturating_mul(2).saturating_add(GRACE);
        let response = timeout(limit, sender.send_request(request)).await;
        response.map_err(|_| SendError::TimedOut)?.map_err(SendError::Ended)
    }
}

/// The path of a service's socket within this process.
fn address(folder: &File) -> String {
    format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("component", &self.shared.document.component)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.running.take();
        self.shared.stop.stop();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell any more.
            drop(thread.join());
        }
    }
}
