//! A program that is ready to run.
use std::sync::Arc;

/// A checked, metered and compiled program; cheap to clone, good for any number of runs.
#[derive(Clone, Debug)]
pub struct Module(Arc<()>);
