//! What all requests share.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::config::DashboardConfig;
use crate::follow::{Tip, follow};

/// How many pages may listen at the same time.
const MAX_LISTENERS: usize = 256;

/// How many requests may ask the node at the same time.
const MAX_NODE_REQUESTS: usize = 8;

/// A dashboard.
#[derive(Debug)]
pub(crate) struct Dashboard {
    /// What it shows.
    pub(crate) config: DashboardConfig,
    /// The latest block that is indexed.
    pub(crate) tips: watch::Receiver<Tip>,
    /// Places for pages that listen.
    pub(crate) listeners: Arc<Semaphore>,
    /// Turns to ask the node.
    pub(crate) node_turns: Semaphore,
}

impl Dashboard {
    /// A dashboard that looks at its index until it is dropped.
    pub(crate) fn start(config: DashboardConfig) -> Arc<Self> {
        let (sender, tips) = watch::channel(None);
        tokio::spawn(follow(config.clone(), sender));
        Arc::new(Self {
            config,
            tips,
            listeners: Arc::new(Semaphore::new(MAX_LISTENERS)),
            node_turns: Semaphore::new(MAX_NODE_REQUESTS),
        })
    }
}
