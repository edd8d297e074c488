//! A bounded queue that many threads may serve. A full one refuses at once: a caller that waits holds a request open
//! and hides the overload.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
    length_max: usize,
}

struct Waiting<T> {
    items: VecDeque<T>,
    closed: bool,
}

/// Why an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQueued {
    Full,
    Closed,
}

impl NotQueued {
    pub fn told(self) -> String {
        match self {
            NotQueued::Full => "too much is waiting; try again later".to_owned(),
            NotQueued::Closed => "the database is closing".to_owned(),
        }
    }
}

impl<T> Queue<T> {
    pub fn new(length_max: usize) -> Queue<T> {
        Queue {
            waiting: Mutex::new(Waiting { items: VecDeque::new(), closed: false }),
            changed: Condvar::new(),
            length_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nothing under this lock can panic half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the item back when it is not taken.
    pub fn push(&self, item: T) -> Result<(), (NotQueued, T)> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err((NotQueued::Closed, item));
        }
        if waiting.items.len() >= self.length_max {
            return Err((NotQueued::Full, item));
        }
        waiting.items.push_back(item);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    #[cfg(feature = "testing")]
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Waits for an item; `None` when the queue is closed and drained.
    pub fn pop(&self) -> Option<T> {
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.items.pop_front() {
                return Some(item);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next item if one waits already.
    pub fn pop_waiting(&self) -> Option<T> {
        self.lock().items.pop_front()
    }

    /// As [`Queue::pop`]; where nothing comes for `patience`, it does what can only be done while nobody waits.
    pub fn pop_or(&self, patience: Duration, when_idle: impl FnOnce()) -> Option<T> {
        let until = Instant::now() + patience;
        let mut waiting = self.lock();
        loop {
            if let Some(item) = waiting.items.pop_front() {
                return Some(item);
            }
            let left = until.saturating_duration_since(Instant::now());
            if waiting.closed || left.is_zero() {
                break;
            }
            waiting = self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(waiting);
        when_idle();
        self.pop()
    }

    /// Takes nothing more; what waits is still served.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Closes and drops what waits: for a thread that cannot go on.
    pub fn abandon(&self) {
        let items = {
            let mut waiting = self.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.items)
        };
        self.changed.notify_all();
        drop(items);
    }
}
