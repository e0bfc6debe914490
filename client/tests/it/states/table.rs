//! The table: the result of every call of an agreement, in every phase of its life.

use muster_client::protocol::abi::State::{self, Due, Offered, Reporting, Running, Settled, Void};

/// The result of a call: success, or an error of this kind.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// The call succeeds.
    Done,
    /// `WrongState`, with the current state.
    Wrong,
    /// `TooLateToAccept`, with the current tick.
    Late,
    /// `TooEarlyToRelease`, with the current tick.
    Early,
    /// A call that succeeds only once: `AlreadyAccepted`, `AlreadyResigned`, `AlreadyReported`,
    /// `CannotShorten`, `NothingToRelease`.
    Again,
    /// `NotAccepted`.
    Absent,
}

use Expected::{Absent, Again, Done, Early, Late, Wrong};

/// One phase: the results of the callers for whom they differ. All other callers get the same error
/// in every phase.
pub(crate) struct Phase {
    /// The state.
    pub(crate) state: State,
    /// `accept`: the worker that stays, the one that resigns, the one that does not accept.
    pub(crate) accept: [Expected; 3],
    /// `cancel`: the client.
    pub(crate) cancel: Expected,
    /// `resign`: the same workers.
    pub(crate) resign: [Expected; 3],
    /// `report`, each from its own place: the tester that reports, and the others. `reportBatch` succeeds
    /// for any account whenever a report may.
    pub(crate) report: [Expected; 2],
    /// `release`: any account.
    pub(crate) release: Expected,
    /// `settle`: any account.
    pub(crate) settle: Expected,
}

/// A row, in the order of the fields.
const fn row(
    state: State,
    accept: [Expected; 3],
    cancel: Expected,
    resign: [Expected; 3],
    report: [Expected; 2],
    release: Expected,
    settle: Expected,
) -> Phase {
    Phase { state, accept, cancel, resign, report, release, settle }
}

//        accept                  cancel  resign                    report          release settle
/// Until the last tick to accept.
pub(crate) const OFFERED: Phase = row(Offered,
          [Done,  Done,  Done ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong,  Wrong);
/// Two accepted, and the third still may.
pub(crate) const RUNNING: Phase = row(Running,
          [Again, Again, Done ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Early,  Wrong);
/// The third did not accept.
pub(crate) const PARTLY_ACCEPTED: Phase = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Done,   Absent], [Wrong, Wrong], Done,   Wrong);
/// The second has resigned.
pub(crate) const RESIGNED: Phase = row(Running,
          [Again, Again, Late ],  Done,   [Done,   Again,  Absent], [Wrong, Wrong], Done,   Wrong);
/// The client has cancelled.
pub(crate) const CANCELLED: Phase = row(Running,
          [Again, Again, Late ],  Again,  [Done,   Again,  Absent], [Wrong, Wrong], Done,   Wrong);
/// It has ended, and there is no report.
pub(crate) const REPORTING: Phase = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Done,  Done ], Done,   Wrong);
/// The first tester has reported.
pub(crate) const REPORTED: Phase = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Again, Done ], Done,   Wrong);
/// The time to report has passed.
pub(crate) const DUE: Phase = row(Due,
          [Again, Again, Late ],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Done,   Done );
/// It is settled.
pub(crate) const SETTLED: Phase = row(Settled,
          [Again, Again, Wrong],  Wrong,  [Wrong,  Again,  Absent], [Wrong, Wrong], Wrong,  Wrong);
/// Both that accepted have resigned, and the third still may accept.
pub(crate) const ALL_RESIGNED: Phase = row(Running,
          [Again, Again, Done ],  Again,  [Again,  Again,  Absent], [Wrong, Wrong], Early,  Wrong);
/// All have left, and so it has ended.
pub(crate) const ALL_LEFT: Phase = row(Reporting,
          [Again, Again, Wrong],  Wrong,  [Again,  Again,  Absent], [Done,  Done ], Done,   Wrong);
/// No worker accepted, and the time to accept has passed.
pub(crate) const EXPIRED: Phase = row(Due,
          [Late,  Late,  Late ],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong,  Done );
/// It is settled, as void.
pub(crate) const VOID: Phase = row(Void,
          [Wrong, Wrong, Wrong],  Wrong,  [Absent, Absent, Absent], [Wrong, Wrong], Wrong,  Wrong);

impl Phase {
    /// The same row after a release.
    pub(crate) const fn released(self) -> Self {
        Self { release: Again, ..self }
    }
}
