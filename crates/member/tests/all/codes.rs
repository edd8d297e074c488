//! 2.1.1-a.4: codes are throttled, die soon, and tell nothing.

use crate::support::*;
use db::clock::{HOUR, MINUTE, SECOND};
use member::registration::{begin, finish};
use member::{ClientAddress, Refused, password, sign_in};

/// Ten minutes, and no longer.
#[test]
fn a_code_is_good_for_ten_minutes() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let late = send(&v.vault, "13800138001").await;
        move_clock(&v.vault, 10 * MINUTE - 20 * SECOND);
        finish(&v.vault, &new_member(&sent, &code_of(&sent), "just_in_time", PASSWORD)).await.unwrap();
        move_clock(&v.vault, 21 * SECOND);
        let answer = finish(&v.vault, &new_member(&late, &code_of(&late), "too_late", PASSWORD)).await;
        assert_eq!(refused(answer), Refused::CodeExpired);
    });
}

/// Five wrong tries; the sixth is refused, were it the right one.
#[test]
fn the_sixth_try_is_refused() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let (right, wrong) = (code_of(&sent), wrong_code_for(&code_of(&sent)));
        for left in [4, 3, 2, 1] {
            let answer = finish(&v.vault, &new_member(&sent, &wrong, "guesser", PASSWORD)).await;
            assert_eq!(refused(answer), Refused::WrongCode { left });
        }
        for code in [&wrong, &right] {
            let answer = finish(&v.vault, &new_member(&sent, code, "guesser", PASSWORD)).await;
            assert_eq!(refused(answer), Refused::CodeTriesOver);
        }
        // A right try between wrong ones costs nothing.
        register(&v.vault, "13800138001", "taken_name").await;
        let sent = send(&v.vault, "13800138002").await;
        for _ in 0..7 {
            let answer = finish(&v.vault, &new_member(&sent, &code_of(&sent), "taken_name", PASSWORD)).await;
            assert_eq!(refused(answer), Refused::NameTaken);
        }
    });
}

/// Guesses that come all at once have five tries between them.
#[test]
fn guesses_at_once_share_the_five_tries() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let wrong = wrong_code_for(&code_of(&sent));
        let guesses: Vec<_> = (0..12)
            .map(|_| {
                let (vault, new) = (v.vault.clone(), new_member(&sent, &wrong, "guesser", PASSWORD));
                tokio::spawn(async move { refused(finish(&vault, &new).await) })
            })
            .collect();
        let mut left = Vec::new();
        for guess in guesses {
            match guess.await.unwrap() {
                Refused::WrongCode { left: n } => left.push(n),
                Refused::CodeTriesOver => {}
                other => panic!("{other:?}"),
            }
        }
        left.sort();
        assert_eq!(left, [1, 2, 3, 4]);
        assert_eq!(rows(&v.vault, "one_time_code", "tries = 5"), 1);
    });
}

/// Three codes an hour; the fourth is refused, with the same words whether the number has an account or not; in the
/// next hour it goes on.
#[test]
fn the_fourth_code_of_an_hour_is_refused() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        // The registration was this number's first code of the hour.
        let known = entered("13800138000");
        let unknown = entered("13800138999");
        begin(&v.vault, &unknown, &here()).await.unwrap();
        for phone in [&known, &unknown] {
            begin(&v.vault, phone, &here()).await.unwrap();
            // Whatever they are for, they are codes to this telephone.
            whole(&v.vault, sign_in::send_code(&v.vault, phone, &here()).await).await;
        }
        let mut answers = Vec::new();
        for phone in [&known, &unknown] {
            answers.push(refused(begin(&v.vault, phone, &here()).await));
            answers.push(refused(sign_in::send_code(&v.vault, phone, &here()).await));
            answers.push(refused(password::send_code(&v.vault, phone, &here()).await));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!((answers[0].key(), answers[0].field()), ("refused-member-too-many-codes", Some("phone")));
        assert!(matches!(answers[0], Refused::TooManyCodes { minutes: 1..=60 }));
        move_clock(&v.vault, HOUR);
        for phone in [&known, &unknown] {
            begin(&v.vault, phone, &here()).await.unwrap();
        }
    });
}

/// Asked for all at once, there are still three.
#[test]
fn codes_asked_for_at_once_are_three() {
    each(async |v| {
        let asked: Vec<_> = (0..9)
            .map(|_| {
                let vault = v.vault.clone();
                tokio::spawn(async move { begin(&vault, &entered("13800138000"), &here()).await.is_ok() })
            })
            .collect();
        let mut sent = 0;
        for ask in asked {
            sent += usize::from(ask.await.unwrap());
        }
        assert_eq!(sent, 3);
    });
}

/// From one address nobody goes through the numbers; from another it goes on.
#[test]
fn one_address_cannot_go_through_the_numbers() {
    each(async |v| {
        let mut refusals = 0;
        for n in 0..40 {
            let answer = begin(&v.vault, &entered(&format!("138001380{n:02}")), &here()).await;
            if let Err(db::Failed::Refused(refused)) = answer {
                assert!(matches!(refused, Refused::TooManyFromHere { minutes: 1..=60 }));
                refusals += 1;
            }
        }
        assert_eq!(refusals, 10);
        let elsewhere = ClientAddress::of("198.51.100.1".parse().unwrap());
        begin(&v.vault, &entered("13800138077"), &elsewhere).await.unwrap();
        // Nothing of an address or a number is at rest.
        assert_eq!(files_that_hold(v, &["192.0.2.7", "198.51.100.1", "13800138"]), Default::default());
    });
}

/// A code opens what it was asked for and nothing else.
#[test]
fn a_code_is_for_one_thing() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let sent = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        let code = entered(&code_of(&sent));
        let other = password::change_by_code(&v.vault, &sent.id, &code, &entered("another good one")).await;
        assert_eq!(refused(other), Refused::CodeExpired);
        let other = finish(&v.vault, &new_member(&sent, &code_of(&sent), "by_sign_in_code", PASSWORD)).await;
        assert_eq!(refused(other), Refused::CodeExpired);
        sign_in::by_code(&v.vault, &sent.id, &code, &nothing()).await.unwrap();
        let twice = sign_in::by_code(&v.vault, &sent.id, &code, &nothing()).await;
        assert_eq!(refused(twice), Refused::CodeExpired);
    });
}
