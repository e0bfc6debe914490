//! The table: what everybody hears who wants something of an agreement, at every moment of its life.

use muster_client::protocol::abi::State::{self, Due, Offered, Reporting, Running, Settled, Void};

/// What somebody hears who makes a call: that it can be done, or a refusal of this kind.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
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

use Expected::{Absent, Again, Done, Late, Wrong};

/// One moment: what those hear whose answer depends on it. All others hear that they are nobody here,
/// whenever they ask.
pub(crate) struct Phase {
    /// The state.
    pub(crate) state: State,
    /// Who accepts: the worker that stays, the one that leaves, the one that stays away.
    pub(crate) accept: [Expected; 3],
    /// Who cancels: the client.
    pub(crate) cancel: Expected,
    /// Who resigns: the same workers.
    pub(crate) resign: [Expected; 3],
    /// Who reports, each from its own place: the tester that speaks, and the others.
    pub(crate) report: [Expected; 2],
    /// Who settles: anybody.
    pub(crate) settle: Expected,
}

/// A row, in the order of the fields.
const fn row(
    state: State,
    accept: [Expected; 3],
    cancel: Expected,
    resign: [Expected; 3],
    report: [Expected; 2],
    settle: Expected,
) -> Phase {
    Phase { state, accept, cancel, resign, report, settle }
}

//        accept                  cancel  resign                    report          settle
/// Until the last tick to accept.
pub(crate) const OFFERED: Phase = row(Offered,
          [Done,  Done,  Done ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong);
/// Two accepted, and the third still may.
pub(crate) const RUNNING: Phase = row(Running,
          [Again, Again, Done ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Wrong);
/// The third did not.
pub(crate) const PARTLY_ACCEPTED: Phase = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Wrong);
/// The second has left.
pub(crate) const RESIGNED: Phase = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Again,  Absent], [Wrong, Wrong], Wrong);
/// The client has cancelled.
pub(crate) const CANCELLED: Phase = row(Running,
          [Again, Again, Late ],  Again,  [Done,   Again,  Absent], [Wrong, Wrong], Wrong);
/// It is over, and nobody has spoken.
pub(crate) const REPORTING: Phase = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Done,  Done ], Wrong);
/// The first tester has spoken.
pub(crate) const REPORTED: Phase = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Again, Done ], Wrong);
/// Time is up.
pub(crate) const DUE: Phase = row(Due,
          [Again, Again, Late ],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Done );
/// Somebody has settled it.
pub(crate) const SETTLED: Phase = row(Settled,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Wrong);
/// Nobody accepted, and nobody may any more.
pub(crate) const EXPIRED: Phase = row(Due,
          [Late,  Late,  Late ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Done );
/// Somebody has settled that.
pub(crate) const VOID: Phase = row(Void,
          [Wrong, Wrong, Wrong],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong);
