//! A service in child processes, as its parent sees it.

mod handle;
mod log;
mod process;
mod settings;
mod status;
mod supervisor;

pub use handle::Service;
pub use log::LogLine;
pub use settings::Settings;
pub use status::Status;
