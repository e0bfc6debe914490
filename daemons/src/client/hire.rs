//! Which agreement jobs are run in: one that is named, one that runs, or one that is bought.
//!
//! - `request.rs`: what an agreement is looked for with.
//! - `find.rs`: an agreement that is there already.
//! - `candidates.rs`: which workers for sale take jobs as large as these.
//! - `offer.rs`: what is bought if no agreement can be used.

mod candidates;
mod error;
mod find;
mod offer;
mod request;

pub use self::error::HireError;
pub use self::find::{Fitness, Found, find_agreement};
pub use self::offer::HireOffer;
pub use self::request::{HireRequest, Hired};
