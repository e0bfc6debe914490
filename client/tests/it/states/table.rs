//! The table: what everybody hears who wants something of an agreement, at every moment of its life.

use muster_client::protocol::abi::State::{self, Due, Offered, Reporting, Running, Settled, Void};

/// What somebody hears who makes a call: that it can be done, or a refusal of this kind.
#[derive(Clone, Copy)]
pub(crate) enum Hears {
    /// Nothing stands against it.
    Done,
    /// `WrongState`, with the state of now.
    Wrong,
    /// `TooLateToAccept`, with the tick of now.
    Late,
    /// What can be done once was done: `AlreadyAccepted`, `AlreadyResigned`, `AlreadyReported`,
    /// `CannotShorten`.
    Again,
    /// `NotAccepted`.
    Absent,
}

use Hears::{Absent, Again, Done, Late, Wrong};

/// One moment: what those hear whose answer depends on it. All others hear that they are nobody here,
/// whenever they ask.
pub(crate) struct Moment {
    /// The state.
    pub(crate) state: State,
    /// Who accepts: the worker that stays, the one that leaves, the one that stays away.
    pub(crate) accept: [Hears; 3],
    /// Who cancels: the client.
    pub(crate) cancel: Hears,
    /// Who resigns: the same workers.
    pub(crate) resign: [Hears; 3],
    /// Who reports, each from its own place: the tester that speaks, and the others.
    pub(crate) report: [Hears; 2],
    /// Who settles: anybody.
    pub(crate) settle: Hears,
}

/// A row, in the order of the fields.
const fn row(
    state: State,
    accept: [Hears; 3],
    cancel: Hears,
    resign: [Hears; 3],
    report: [Hears; 2],
    settle: Hears,
) -> Moment {
    Moment { state, accept, cancel, resign, report, settle }
}

//        accept                  cancel  resign                    report          settle
/// Until the last tick to accept.
pub(crate) const OFFERED: Moment = row(Offered,
          [Done,  Done,  Done ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong);
/// Two accepted, and the third still may.
pub(crate) const RUNNING: Moment = row(Running,
          [Again, Again, Done ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Wrong);
/// The third did not.
pub(crate) const ALONE: Moment = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Wrong);
/// The second has left.
pub(crate) const LEFT: Moment = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Again,  Absent], [Wrong, Wrong], Wrong);
/// The client has cancelled.
pub(crate) const CUT: Moment = row(Running,
          [Again, Again, Late ],  Again,  [Done,   Again,  Absent], [Wrong, Wrong], Wrong);
/// It is over, and nobody has spoken.
pub(crate) const REPORTING: Moment = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Done,  Done ], Wrong);
/// The first tester has spoken.
pub(crate) const REPORTED: Moment = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Again, Done ], Wrong);
/// Time is up.
pub(crate) const DUE: Moment = row(Due,
          [Again, Again, Late ],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Done );
/// Somebody has settled it.
pub(crate) const SETTLED: Moment = row(Settled,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Wrong);
/// Nobody accepted, and nobody may any more.
pub(crate) const FORSAKEN: Moment = row(Due,
          [Late,  Late,  Late ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Done );
/// Somebody has settled that.
pub(crate) const VOID: Moment = row(Void,
          [Wrong, Wrong, Wrong],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong);
