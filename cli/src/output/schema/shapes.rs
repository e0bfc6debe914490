//! Which names each command and each event has.

/// What a command prints. Names are separated by blanks; `?` follows one whose value can be null, `*` one that can be missing.
#[derive(Debug)]
pub(super) struct Shape {
    /// The command.
    pub(super) command: &'static str,
    /// Its fields; for a command that keeps running, those of the line that says that it is ready.
    pub(super) fields: &'static str,
    /// Its tables, each with its columns.
    pub(super) tables: &'static [(&'static str, &'static str)],
    /// For a command that keeps running, the lists of events that it prints.
    pub(super) events: Option<&'static [&'static [&'static str]]>,
}

/// A command that prints one value.
const fn value(
    command: &'static str,
    fields: &'static str,
    tables: &'static [(&'static str, &'static str)],
) -> Shape {
    Shape { command, fields, tables, events: None }
}

/// A command that prints a line for each event.
const fn lines(
    command: &'static str,
    fields: &'static str,
    events: &'static [&'static [&'static str]],
) -> Shape {
    Shape { command, fields, tables: &[], events: Some(events) }
}

/// What a command prints of a worker or tester after a transaction.
const fn worker_transaction(command: &'static str) -> Shape {
    value(
        command,
        "account number application last_epoch* price* max_length* promise* capacity* active* available* listed* locked* stake key transaction block gas",
        &[],
    )
}

/// What an application document says.
const DOCUMENT: &str = "application application_key version digest check api canonical";

/// What a settlement paid to each worker.
const PAID_WORKERS: &str = "account accepted resigned ticks known_windows uptime? pay slash";

/// What a settlement paid to each tester.
const PAID_TESTERS: &str = "account seat_count fee";

/// What every command that prints events of the market can print.
const ALL: &[&str] = &[
    "AbsentReleased",
    "Accepted",
    "AgreementSettled",
    "AvailabilityChanged",
    "Burned",
    "Cancelled",
    "CheckedIn",
    "Closed",
    "ContractBought",
    "Credited",
    "KeyChanged",
    "Listed",
    "PurchaseRefused",
    "Released",
    "ReportSkipped",
    "Reported",
    "ReputationChanged",
    "Resigned",
    "StakeChanged",
    "Started",
    "Unlisted",
    "Withdrawn",
    "WorkerRegistered",
    "WorkerUpdated",
];

/// What tells of a reorg.
const REORG: &[&str] = &["MovedBack"];

/// What `client watch` alone prints.
const WATCHED: &[&str] = &["Shares", "State"];

/// The commands in alphabetical order.
#[rustfmt::skip]
pub(super) const SHAPES: &[Shape] = &[
    value("agreement list", "", &[("agreements", "agreement state client application redundancy length end balance")]),
    value("agreement show", "agreement state client application escrow balance tick purchased accept_until length windows_judged start* end* report_until* slots_freed* tester_epoch tester_pool refund* compensation*", &[
        ("workers", "index account price promise fee bond accepted resigned released shares uptime?"),
        ("windows", "window from until tester_accounts"),
        ("calls", "call open by? from? until?"),
        ("reports", "tester place index window made served"),
        ("paid_workers*", PAID_WORKERS),
        ("paid_testers*", PAID_TESTERS),
    ]),
    value("agreement wait", "agreement state tick window?", &[]),
    value("alias list", "", &[("aliases", "alias address")]),
    value("alias remove", "alias address", &[]),
    value("alias set", "alias address previous? file", &[]),
    value("application check", DOCUMENT, &[("requests*", "check ok")]),
    value("application new", "application file", &[]),
    value("application show", DOCUMENT, &[]),
    value("client buy", "agreement escrow accept_until transaction block gas", &[("workers", "account")]),
    value("client cancel", "agreement window_count end transaction block gas", &[]),
    lines("client connect", "state agreement account proxy health", &[]),
    value("client connect --print", "agreement session", &[("entrances", "index account url token")]),
    value("client quote", "price work? tester_fees? length window_count tester_count start", &[("workers", "account")]),
    lines("client run", "state account api* health", &[]),
    value("client token add", "label token file", &[]),
    value("client token list", "", &[("tokens", "label rights limit period")]),
    value("client token remove", "label file", &[]),
    value("client try", "url number", &[("factors", "factor")]),
    lines("client watch", "", &[ALL, REORG, WATCHED]),
    value("completions", "shell script", &[]),
    value("config", "", &[
        ("settings", "setting value? origin"),
        ("files", "file exists"),
    ]),
    value("credit", "account credit", &[]),
    lines("dashboard", "url database health", &[]),
    value("deploy", "chain_id gas", &[("contracts", "contract address bytes gas cached source code_hash")]),
    lines("devnode", "rpc websocket chain_id dev_account dev_key", &[]),
    value("doctor", "", &[("checks", "check ok found advice?")]),
    lines("example cheat", "url", &[]),
    lines("example factor", "url", &[]),
    value("fund", "to amount balance transaction block gas", &[]),
    value("gas-profile", "transaction? ok gas outside_gas", &[
        ("programs", "program address gas percent total_gas call_count ink"),
        ("functions", "gas percent total_gas call_count ink program function"),
    ]),
    lines("history", "", &[ALL]),
    lines("index", "database url? health", &[]),
    value("job cancel", "cancelled", &[]),
    value("job fetch", "stdout*", &[("files*", "path size")]),
    value("job list", "", &[("jobs", "job label state outcome? created")]),
    value("job show", "job label state created module arguments stdin? memory storage time_ms outcome? result? stdout?", &[
        ("inputs", "path blob"),
        ("outputs", "path blob size"),
        ("answers", "worker agreement result? trap? failure? signature?"),
    ]),
    value("job verify", "job local?", &[("signed", "worker result wrong")]),
    value("keepalive", "", &[("programs", "program address days_left done?")]),
    value("key import", "account message_key keystore", &[]),
    value("key new", "account message_key keystore", &[]),
    value("key show", "account message_key", &[]),
    value("ledger", "market balance stakes credits burned solvent balanced gas", &[
        ("agreements", "agreement client escrow paid_out left slashed compensation burned balanced"),
        ("payments", "agreement account? role amount why"),
        ("steps", "agreement step account? gas? transaction"),
    ]),
    value("man", "folder pages", &[]),
    value("map", "", &[("jobs", "file job? verdict? outcome? trap? failure?")]),
    value("market show", "chain_id dispatcher agreement_code balance registered agreement_count created_at clock tick epoch testers_listed testers_listed_next accept_window report_window min_length max_agreement min_window epoch_length lock_epochs min_pool probe_count min_promise bond_rate tester_fee_rate min_bond min_tester_fee tester_bond reputation_unit", &[]),
    value("price", "price price_per_hour usd_per_hour eth_usd tick_microseconds", &[]),
    value("program check", "", &[("programs", "file raw rewritten compressed free pages data")]),
    value("program verify", "address file same", &[]),
    lines("relay", "url health", &[]),
    value("release", "agreement client refund freed transaction block gas", &[("absent_workers", "account slash")]),
    value("run", "job verdict outcome? trap? result? stdout? local? evidence?", &[
        ("answers", "worker result? cpu_ms? failure?"),
        ("files*", "path"),
    ]),
    value("service down", "ended", &[("places", "agreement worker")]),
    value("service list", "", &[("services", "service label state created"), ("places", "service agreement worker")]),
    value("service logs", "", &[("lines", "worker number stream text")]),
    lines("service up", "service account agreement? url health", &[]),
    value("settle", "agreement client refund compensation burned transaction block gas", &[
        ("paid_workers", PAID_WORKERS),
        ("paid_testers", PAID_TESTERS),
    ]),
    value("statement", "account month income cost net", &[
        ("sums", "entry income? cost?"),
        ("entries", "time block entry income? cost? agreement? transaction"),
    ]),
    value("tester check-in", "account transaction block gas", &[("lists", "epoch place")]),
    value("tester join", "account number stake transaction block gas", &[]),
    value("tester probe", "agreement window", &[("probes", "index url number ok failure?")]),
    value("tester report", "agreement tester transaction block gas", &[("entries", "index window made served")]),
    lines("tester run", "state account health", &[]),
    value("tester seats", "agreement account place windows_held tick", &[("seats", "window from until")]),
    lines("watch", "", &[ALL, REORG]),
    value("withdraw", "to amount transaction block gas", &[]),
    value("worker accept", "agreement worker start end transaction block gas", &[]),
    worker_transaction("worker available"),
    worker_transaction("worker key"),
    value("worker list", "", &[("workers", "number account application price max_length promise score active capacity available listed stake locked")]),
    worker_transaction("worker price"),
    worker_transaction("worker register"),
    worker_transaction("worker relist"),
    value("worker resign", "agreement worker judged_until transaction block gas", &[]),
    lines("worker run", "state account gateway health", &[]),
    value("worker show", "account number application last_epoch* price* max_length* promise* capacity* active* available* listed* locked* stake key credit score* good* bad* misses*", &[]),
    worker_transaction("worker stake"),
    worker_transaction("worker unstake"),
    worker_transaction("worker update"),
];

/// The fields of each event, in alphabetical order.
#[rustfmt::skip]
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("AbsentReleased", "block agreement client refund slashed"),
    ("Accepted", "block agreement worker index"),
    ("AgreementSettled", "block agreement client refund compensation pay slashed fees"),
    ("AvailabilityChanged", "block worker available"),
    ("Burned", "block agreement amount"),
    ("Cancelled", "block agreement window_count end"),
    ("CheckedIn", "block tester epoch place"),
    ("Closed", "block agreement state"),
    ("ContractBought", "block agreement client escrow worker_accounts"),
    ("Credited", "block account amount"),
    ("KeyChanged", "block worker key"),
    ("Listed", "block worker"),
    ("MovedBack", "block"),
    ("PurchaseRefused", "block client reason required sent"),
    ("Released", "block agreement absent freed"),
    ("ReportSkipped", "block agreement place reason"),
    ("Reported", "block agreement tester place findings"),
    ("ReputationChanged", "block worker good bad"),
    ("Resigned", "block agreement worker index judged_until"),
    ("Shares", "index account shares uptime?"),
    ("StakeChanged", "block worker stake"),
    ("Started", "block agreement start end seed"),
    ("State", "tick state window? until? escrow balance"),
    ("Unlisted", "block worker"),
    ("Withdrawn", "block account to amount"),
    ("WorkerRegistered", "block worker number application key stake"),
    ("WorkerUpdated", "block worker price max_length promise capacity"),
];
