//! 2.1.1-a: coming in; one answer for an unknown member and a wrong password (2.1.1-a.4).

use crate::support::*;
use db::clock::HOUR;
use diesel::connection::{Connection, InstrumentationEvent};
use member::{ClientAddress, Refused, password, session, sign_in};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use vault::{State, person};

#[test]
fn a_member_comes_in_by_name_or_number() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "Yiwu_Buttons").await;
        for who in ["Yiwu_Buttons", " yiwu_BUTTONS ", "13800138000", "+86 138 0013 8000"] {
            let come =
                sign_in::by_password(&v.vault, &typed(who), &typed(PASSWORD), &here(), &nothing()).await.unwrap();
            assert_eq!(come.member.id, id);
            let found = session::current(&v.vault, &come.token).await.unwrap().unwrap();
            assert_eq!(found.person(), &id);
        }
    });
}

#[test]
fn nobody_and_a_wrong_password_have_one_answer() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        for (who, password) in [
            ("yiwu_buttons", "wrong password"),
            ("13800138000", "wrong password"),
            ("nobody_here", PASSWORD),
            ("13800138999", PASSWORD),
            ("<no name at all>", PASSWORD),
            ("", ""),
            ("yiwu_buttons", ""),
        ] {
            let answer = sign_in::by_password(&v.vault, &typed(who), &typed(password), &here(), &nothing()).await;
            assert_eq!(refused(answer), Refused::WrongSignIn, "{who}");
        }
    });
}

/// 2.1.1-a.4: an unknown member costs the one verification that a known one costs.
#[test]
fn nobody_takes_the_time_of_somebody() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        for who in ["yiwu_buttons", "nobody_here"] {
            let before = password::verified();
            refused(sign_in::by_password(&v.vault, &typed(who), &typed("wrong password"), &here(), &nothing()).await);
            assert_eq!(password::verified() - before, 1, "{who}");
        }
    });
}

/// Ten wrong passwords an hour for one account, known or not; the right one does not help then, a code does.
#[test]
fn guessing_at_one_account_ends() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        for (n, who) in ["yiwu_buttons", "nobody_here"].into_iter().enumerate() {
            // The addresses differ: it is the account that is counted.
            let from = |i: usize| ClientAddress::of(format!("198.51.{n}.{i}").parse().unwrap());
            for i in 0..10 {
                let answer =
                    sign_in::by_password(&v.vault, &typed(who), &typed("wrong password"), &from(i), &nothing()).await;
                assert_eq!(refused(answer), Refused::WrongSignIn);
            }
            let answer =
                refused(sign_in::by_password(&v.vault, &typed(who), &typed(PASSWORD), &from(99), &nothing()).await);
            assert!(matches!(answer, Refused::TooManyTries { minutes: 1..=60 }), "{answer:?}");
        }
        let sent = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        sign_in::by_code(&v.vault, &sent.id, &entered(&code_of(&sent)), &nothing()).await.unwrap();
        move_clock(&v.vault, HOUR);
        sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing()).await.unwrap();
    });
}

/// Sixty wrong passwords an hour from one address, whichever accounts they try; others still come in.
#[test]
fn guessing_from_one_address_ends() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        for n in 0..60 {
            let who = typed(&format!("somebody_{n}"));
            let answer = sign_in::by_password(&v.vault, &who, &typed("wrong password"), &here(), &nothing()).await;
            assert_eq!(refused(answer), Refused::WrongSignIn);
        }
        let (who, right) = (typed("yiwu_buttons"), typed(PASSWORD));
        let answer = refused(sign_in::by_password(&v.vault, &who, &right, &here(), &nothing()).await);
        assert!(matches!(answer, Refused::TooManyFromHere { minutes: 1..=60 }), "{answer:?}");
        let elsewhere = ClientAddress::of("198.51.100.7".parse().unwrap());
        sign_in::by_password(&v.vault, &who, &right, &elsewhere, &nothing()).await.unwrap();
    });
}

/// Right passwords are not counted: an office that signs in all day is not locked out.
#[test]
fn right_passwords_do_not_count() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        for _ in 0..12 {
            sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing())
                .await
                .unwrap();
        }
        assert_eq!(rows(&v.vault, "throttle", "count > 1"), 0);
    });
}

/// Guesses at once do not pass the limit together.
#[test]
fn guesses_at_once_are_counted_before_they_are_looked_at() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let guesses: Vec<_> = (0..16)
            .map(|_| {
                let vault = v.vault.clone();
                tokio::spawn(async move {
                    let answer = sign_in::by_password(
                        &vault,
                        &typed("yiwu_buttons"),
                        &typed("wrong password"),
                        &here(),
                        &nothing(),
                    )
                    .await;
                    refused(answer)
                })
            })
            .collect();
        let mut looked_at = 0;
        for guess in guesses {
            looked_at += usize::from(guess.await.unwrap() == Refused::WrongSignIn);
        }
        assert_eq!(looked_at, 10);
    });
}

/// 2.1.1-a.4: a code for a number without account: same page, same second page, no message.
#[test]
fn an_unknown_number_has_the_same_pages() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let known = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        let unknown = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138999"), &here()).await).await;
        assert!(known.to_send.is_some() && unknown.to_send.is_none());
        let wrong = entered(&wrong_code_for(&code_of(&known)));
        for left in [4, 3, 2, 1] {
            for sent in [&known, &unknown] {
                let answer = refused(sign_in::by_code(&v.vault, &sent.id, &wrong, &nothing()).await);
                assert_eq!(answer, Refused::WrongCode { left });
            }
        }
        for sent in [&known, &unknown] {
            assert_eq!(refused(sign_in::by_code(&v.vault, &sent.id, &wrong, &nothing()).await), Refused::CodeTriesOver);
        }
    });
}

static STEPS: AtomicUsize = AtomicUsize::new(0);

/// Counts the statements of every connection of a database from now on.
fn count_steps(database: &db::Database) {
    // Who has a connection waits until each has one: so it is all of them.
    fn listen(db: &mut db::Db, all: &Barrier) -> Result<(), db::Stop<()>> {
        db.set_instrumentation(|event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                // What begins and ends a transaction comes with the one before, or when nobody has come for a while.
                let told = query.to_string();
                if !["begin", "commit", "rollback"].iter().any(|word| told.starts_with(word)) {
                    STEPS.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        all.wait();
        Ok(())
    }
    let writers = if database.engine() == db::Engine::Sqlite { 1 } else { db::testing::WRITERS };
    let [reading, writing] = [db::testing::READERS, writers].map(|all| (all, Arc::new(Barrier::new(all))));
    std::thread::scope(|threads| {
        for _ in 0..reading.0 {
            let all = reading.1.clone();
            threads.spawn(move || database.read_now(move |read| listen(read.db, &all)).unwrap());
        }
        for _ in 0..writing.0 {
            let all = writing.1.clone();
            threads.spawn(move || database.write_now(move |tx| listen(tx.db, &all)).unwrap());
        }
    });
    if database.engine() == db::Engine::Postgres {
        // There looks have connections of their own, on the threads of the other reads: so not at the same time as these.
        std::thread::scope(|threads| {
            for _ in 0..reading.0 {
                let all = reading.1.clone();
                threads.spawn(move || database.look_now(move |look| listen(look.db, &all)).unwrap());
            }
        });
    }
}

/// 2.1.1-a.4: before the answer, a telephone with an account, one without, and one whose data are restricted take the
/// same steps, counted: no clock tells which is which. Only what follows the answer differs.
#[test]
fn before_the_answer_all_telephones_take_the_same_steps() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let restricted = register(&v.vault, "13800138001", "yiwu_beads").await;
        v.vault.data().write(move |tx| person::set_state::<()>(tx, &restricted, State::Restricted)).await.unwrap();
        // The first of a process makes the keys of the hashes.
        whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138009"), &here()).await).await;
        count_steps(v.vault.data());
        count_steps(v.vault.keys().database());
        let mut counted = std::collections::BTreeSet::new();
        for phone in ["13800138000", "13800138001", "13800138999"] {
            let phone = entered(phone);
            for forgotten in [false, true] {
                let before = STEPS.load(Ordering::SeqCst);
                let begun = match forgotten {
                    false => sign_in::send_code(&v.vault, &phone, &here()).await,
                    true => password::send_code(&v.vault, &phone, &here()).await,
                };
                counted.insert(STEPS.load(Ordering::SeqCst) - before);
                assert_eq!(rows(&v.vault, "one_time_code", "length(phone) > 0"), 0, "nothing is sealed");
                whole(&v.vault, begun).await;
            }
        }
        assert_eq!(counted.len(), 1, "{counted:?}");
        assert!(*counted.first().unwrap() > 4, "nothing was counted: {counted:?}");
    });
}

/// 4.0-S2: who restricted their data still comes in, and nothing is collected of it.
#[test]
fn a_restricted_member_still_comes_in() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let restricted = id.clone();
        v.vault.data().write(move |tx| person::set_state::<()>(tx, &restricted, State::Restricted)).await.unwrap();
        let come = sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing())
            .await
            .unwrap();
        assert_eq!(come.member.id, id);
        assert_eq!(rows(&v.vault, "member", "length(last_login_at) > 0"), 0);
        let sent = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        assert!(sent.to_send.is_none(), "the telephone opens for nobody");

        v.vault.data().write(move |tx| person::set_state::<()>(tx, &id, State::Erased)).await.unwrap();
        let answer =
            sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing()).await;
        assert_eq!(refused(answer), Refused::WrongSignIn);
    });
}
