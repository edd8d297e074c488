//! 2.1.1: a request that a program sends again does nothing a second time.

use crate::support::*;
use db::clock::DAY;
use db::{Failed, Id, Stop};
use member::attempt::{Attempt, Done, once};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use vault::Vault;

const KEY: &str = "one-request-of-the-tests";

async fn attempt(vault: &Vault, person: &Id, key: &str, operation: &str, says: &str) -> Attempt {
    Attempt::of(vault, person, key, operation, &[says.as_bytes()]).await.unwrap()
}

/// What came of it, with how often the command was carried out. `"no"` is refused.
async fn send(vault: &Vault, attempt: &Attempt, says: &'static str) -> (Result<Done, &'static str>, usize) {
    let (attempt, count) = (attempt.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    let command = move |tx: &mut db::Tx| {
        once(tx, Some(&attempt), |tx| {
            counted.fetch_add(1, Ordering::Relaxed);
            if says == "no" { Err(Stop::refuse("refused")) } else { Ok(tx.id()) }
        })
    };
    let done = match vault.data().write(command).await {
        Ok(done) => Ok(done),
        Err(Failed::Refused(why)) => Err(why),
        Err(failed) => panic!("{failed}"),
    };
    (done, count.load(Ordering::Relaxed))
}

#[test]
fn the_same_under_the_same_key_is_done_once() {
    each(async |v| {
        let me = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let other = register(&v.vault, "13800138001", "yiwu_zips").await;
        let first = attempt(&v.vault, &me, KEY, "add", "20 of it").await;
        let (done, times) = send(&v.vault, &first, "yes").await;
        let Ok(Done::Now(made)) = done else { panic!("{done:?}") };
        assert_eq!(times, 1);
        let again = attempt(&v.vault, &me, KEY, "add", "20 of it").await;
        assert_eq!(send(&v.vault, &again, "yes").await, (Ok(Done::Before(made)), 0));
        // Of what it said nothing can be read.
        assert_eq!(files_that_hold(v, &["20 of it"]), Default::default());

        for (operation, says) in [("add", "21 of it"), ("keep", "20 of it")] {
            let else_ = attempt(&v.vault, &me, KEY, operation, says).await;
            assert_eq!(send(&v.vault, &else_, "yes").await, (Ok(Done::KeyUsed), 0), "{operation} {says}");
        }
        // A key is its person's, and another key another request.
        for (person, key) in [(&other, KEY), (&me, "another-request-of-the-tests")] {
            let own = attempt(&v.vault, person, key, "add", "20 of it").await;
            assert!(matches!(send(&v.vault, &own, "yes").await, (Ok(Done::Now(_)), 1)));
        }
    });
}

#[test]
fn what_was_refused_leaves_its_key_and_a_day_later_it_is_free() {
    each(async |v| {
        let me = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let wrong = attempt(&v.vault, &me, KEY, "add", "no").await;
        for _ in 0..2 {
            assert_eq!(send(&v.vault, &wrong, "no").await, (Err("refused"), 1));
        }
        let right = attempt(&v.vault, &me, KEY, "add", "yes").await;
        let (done, _) = send(&v.vault, &right, "yes").await;
        let Ok(Done::Now(made)) = done else { panic!("{done:?}") };
        move_clock(&v.vault, DAY - 1_000_000);
        v.vault.data().write(member::sweep::<()>).await.unwrap();
        assert_eq!(send(&v.vault, &right, "yes").await, (Ok(Done::Before(made)), 0));
        move_clock(&v.vault, 1_000_001);
        v.vault.data().write(member::sweep::<()>).await.unwrap();
        assert_eq!(rows(&v.vault, "api_attempt", "1 = 1"), 0);
        assert!(matches!(send(&v.vault, &right, "yes").await, (Ok(Done::Now(_)), 1)));
    });
}

/// A program that does not wait for the answer.
#[test]
fn of_several_at_once_one_is_carried_out() {
    each(async |v| {
        let me = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let same = attempt(&v.vault, &me, KEY, "add", "20 of it").await;
        let again = || send(&v.vault, &same, "yes");
        let sent = tokio::join!(again(), again(), again(), again(), again(), again());
        let sent: [_; 6] = sent.into();
        let made = sent.iter().find_map(|(done, _)| match done {
            Ok(Done::Now(id)) => Some(id.clone()),
            _ => None,
        });
        let made = made.expect("one of them");
        let before = sent.iter().filter(|(done, _)| *done == Ok(Done::Before(made.clone()))).count();
        assert_eq!(before, 5, "{sent:?}");
    });
}
