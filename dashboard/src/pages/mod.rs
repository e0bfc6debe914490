//! The pages. Each is a view: what it shows, how that is loaded from the index, and how it is written as HTML.

mod account;
mod agreement;
mod agreements;
mod application;
mod events;
mod market;
mod parameters;
mod search;
mod tester;
mod worker;

pub(crate) use self::account::AccountPage;
pub(crate) use self::agreement::AgreementPage;
pub(crate) use self::agreements::AgreementsPage;
pub(crate) use self::application::ApplicationPage;
pub(crate) use self::events::EventsPage;
pub(crate) use self::market::MarketPage;
pub(crate) use self::parameters::{Words, parse_address, parse_application, parsed, word};
pub(crate) use self::search::{Place, SearchPage};
pub(crate) use self::tester::TesterPage;
pub(crate) use self::worker::WorkerPage;
