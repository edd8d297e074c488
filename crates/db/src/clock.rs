//! Time is UTC microseconds. A test can move it on (feature `moved-clock`): the offset is a row, so that server, jobs and
//! sandboxes on one database agree. Leases always use the real time.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::ContextV7;

use crate::{Db, Id};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The time that nobody moves: for leases and for what is measured.
pub fn real_now() -> i64 {
    // A machine whose clock stands before 1970 gets 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// One per [`crate::Database`].
#[derive(Default)]
pub(crate) struct Clock {
    ids: Mutex<ContextV7>,
    #[cfg(feature = "moved-clock")]
    offset: std::sync::atomic::AtomicI64,
}

impl Clock {
    /// The time as of the last command or read.
    pub fn now(&self) -> i64 {
        #[cfg(feature = "moved-clock")]
        return real_now() + self.offset.load(std::sync::atomic::Ordering::Acquire);
        #[cfg(not(feature = "moved-clock"))]
        real_now()
    }

    /// The time for a command or read that begins: in test builds this reads the offset's row.
    pub fn start(&self, db: &mut Db) -> diesel::QueryResult<i64> {
        #[cfg(feature = "moved-clock")]
        {
            use crate::policy::clock_offset;
            use diesel::prelude::*;
            let offset = clock_offset::table
                .filter(clock_offset::name.eq("offset"))
                .select(clock_offset::micros)
                .first::<i64>(db)?;
            self.offset.store(offset, std::sync::atomic::Ordering::Release);
        }
        let _ = db;
        Ok(self.now())
    }

    pub fn id(&self, now: i64) -> Id {
        crate::id::draw(&self.ids, now)
    }
}
