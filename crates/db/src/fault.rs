//! How a command ends when it does not succeed: refused, which the person can do something about, or a fault, which is
//! logged under an id that the page shows.

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error};

/// Why a command stopped.
#[derive(Debug)]
pub enum Stop<R> {
    /// The domain's own answer. Everything the command wrote is undone.
    Refused(R),
    Fault(Fault),
}

impl<R> Stop<R> {
    pub fn refuse(refused: R) -> Stop<R> {
        Stop::Refused(refused)
    }

    /// A broken invariant, in a sentence without values.
    pub fn fault(told: impl Into<String>) -> Stop<R> {
        Stop::Fault(Fault::new(told))
    }

    /// Turns one domain's refusal into another's, where a command calls a lower domain's function.
    pub fn map<S>(self, f: impl FnOnce(R) -> S) -> Stop<S> {
        match self {
            Stop::Refused(refused) => Stop::Refused(f(refused)),
            Stop::Fault(fault) => Stop::Fault(fault),
        }
    }
}

impl<R> From<Error> for Stop<R> {
    fn from(error: Error) -> Stop<R> {
        Stop::Fault(Fault::from(error))
    }
}

impl<R> From<Fault> for Stop<R> {
    fn from(fault: Fault) -> Stop<R> {
        Stop::Fault(fault)
    }
}

impl<R> From<serde_json::Error> for Stop<R> {
    fn from(error: serde_json::Error) -> Stop<R> {
        // Category and place only: the message may quote the text.
        Stop::fault(format!("JSON: {:?} error at {}:{}", error.classify(), error.line(), error.column()))
    }
}

/// Something that must not happen. Its text never holds a value of a row or an argument.
#[derive(Debug)]
pub struct Fault {
    pub(crate) told: String,
    pub(crate) kind: Kind,
}

/// What a fault calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// That somebody looks at it.
    Defect,
    /// Another run: a deadlock, or a serialisation that failed.
    MayRunAgain,
    /// Room on the database's disk. Nobody's mistake, and nothing was written: the caller may try later.
    NoRoom,
}

impl Fault {
    pub fn new(told: impl Into<String>) -> Fault {
        Fault { told: told.into(), kind: Kind::Defect }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault { told: told_without_values(&error), kind: kind_of(&error) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl std::error::Error for Fault {}

/// The id under which a fault stands in the log and on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultId(String);

impl FaultId {
    /// Logs the fault; the id is for the person to quote.
    pub fn log(told: &str) -> FaultId {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let id = FaultId(id[..12].to_owned());
        tracing::error!(fault = %id, "{told}");
        if cfg!(feature = "testing") {
            eprintln!("fault {id}: {told}");
        }
        id
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the caller of a command or a read is told when there is no result.
#[derive(Debug)]
pub enum Failed<R> {
    Refused(R),
    /// The state of a person that the command relied on ([`crate::Tx::require`]) has changed meanwhile; nothing was
    /// written. Prepare the access anew and try again.
    Changed,
    Fault(FaultId),
    /// Nothing was written: the queue is full, the disk, or the database does not answer. Try again later.
    Unavailable(String),
    /// The connection broke during COMMIT: written or not, nobody can say. The idempotency key decides.
    Unknown,
}

impl<R> Failed<R> {
    pub fn map<S>(self, f: impl FnOnce(R) -> S) -> Failed<S> {
        match self {
            Failed::Refused(refused) => Failed::Refused(f(refused)),
            Failed::Changed => Failed::Changed,
            Failed::Fault(id) => Failed::Fault(id),
            Failed::Unavailable(told) => Failed::Unavailable(told),
            Failed::Unknown => Failed::Unknown,
        }
    }
}

impl<R: fmt::Debug> fmt::Display for Failed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Refused(refused) => write!(f, "refused: {refused:?}"),
            Failed::Changed => f.write_str("the state of a person changed meanwhile"),
            Failed::Fault(id) => write!(f, "fault {id}"),
            Failed::Unavailable(told) => write!(f, "unavailable: {told}"),
            Failed::Unknown => f.write_str("the answer to the commit was lost"),
        }
    }
}

impl<R: fmt::Debug> std::error::Error for Failed<R> {}

/// How engines tell of a full disk: PostgreSQL (`disk_full`, 53100), SQLite (`SQLITE_FULL`; `SQLITE_IOERR` where the
/// full disk shows at its shared memory first).
const NO_ROOM: [&str; 4] =
    ["No space left on device", "could not extend file", "database or disk is full", "disk I/O error"];

/// Diesel shows neither a deadlock nor a full disk but by its text (`lc_messages` is C).
pub(crate) fn kind_of(error: &Error) -> Kind {
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Kind::MayRunAgain,
        Error::DatabaseError(_, about) if about.message().starts_with("deadlock detected") => Kind::MayRunAgain,
        Error::DatabaseError(_, about) if NO_ROOM.iter().any(|told| about.message().contains(told)) => Kind::NoRoom,
        _ => Kind::Defect,
    }
}

/// The error's text without what PostgreSQL quotes of the arguments (`invalid input syntax for type date: "…"`) and
/// without its details (`Key (email)=(…) already exists`).
pub(crate) fn told_without_values(error: &Error) -> String {
    match error {
        Error::DatabaseError(kind, about) => {
            let message = about.message();
            let message = message.split(": \"").next().unwrap_or(message);
            let mut told = format!("{kind:?}: {message}");
            for (name, part) in [
                ("table", about.table_name()),
                ("column", about.column_name()),
                ("constraint", about.constraint_name()),
            ] {
                if let Some(part) = part {
                    told.push_str(&format!(" ({name} {part})"));
                }
            }
            told
        }
        Error::NotFound => "a row that must exist was not found".to_owned(),
        Error::DeserializationError(_) => "a column holds what its type does not allow".to_owned(),
        Error::SerializationError(_) => "an argument does not fit its column".to_owned(),
        Error::QueryBuilderError(_) => "the query cannot be built".to_owned(),
        other => other.to_string(),
    }
}
