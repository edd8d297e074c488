//! 2.1.1-a.3: changing the password, knowing it or having forgotten it.

use crate::support::*;
use member::{Refused, Session, Token, password, session, sign_in};
use vault::Vault;

async fn come_in(vault: &Vault, password: &str) -> Result<Token, Refused> {
    match sign_in::by_password(vault, &typed("yiwu_buttons"), &typed(password), &here(), &nothing()).await {
        Ok(come) => Ok(come.token),
        answer => Err(refused(answer)),
    }
}

async fn session_of(vault: &Vault, token: &Token) -> Option<Session> {
    session::current(vault, token).await.unwrap()
}

/// It takes the present password, and ends the other sessions.
#[test]
fn changing_takes_the_present_password_and_ends_other_sessions() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let (mine, other) = (come_in(&v.vault, PASSWORD).await.unwrap(), come_in(&v.vault, PASSWORD).await.unwrap());
        let session = session_of(&v.vault, &mine).await.unwrap();
        let new = entered("another good one");

        let wrong = password::change(&v.vault, &session, &typed("not my password"), &new).await;
        assert_eq!(refused(wrong), Refused::WrongCurrentPassword);
        let named = password::change(&v.vault, &session, &typed(PASSWORD), &entered("x-YIWU_buttons-x")).await;
        assert_eq!(refused(named), Refused::PasswordHoldsName);
        assert!(session_of(&v.vault, &other).await.is_some());

        password::change(&v.vault, &session, &typed(PASSWORD), &new).await.unwrap();
        assert!(session_of(&v.vault, &mine).await.is_some());
        assert!(session_of(&v.vault, &other).await.is_none());
        assert_eq!(come_in(&v.vault, PASSWORD).await.unwrap_err(), Refused::WrongSignIn);
        come_in(&v.vault, "another good one").await.unwrap();
    });
}

/// A stolen session is no way to guess the password.
#[test]
fn the_present_password_cannot_be_guessed_at() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = come_in(&v.vault, PASSWORD).await.unwrap();
        let session = session_of(&v.vault, &token).await.unwrap();
        for _ in 0..10 {
            let wrong =
                password::change(&v.vault, &session, &typed("guess and guess"), &entered("another good one")).await;
            assert_eq!(refused(wrong), Refused::WrongCurrentPassword);
        }
        let right = password::change(&v.vault, &session, &typed(PASSWORD), &entered("another good one")).await;
        assert!(matches!(refused(right), Refused::TooManyTries { .. }));
        let elsewhere = come_in(&v.vault, PASSWORD).await.unwrap_err();
        assert!(matches!(elsewhere, Refused::TooManyTries { .. }), "one count with the sign-in's");
    });
}

/// Of two changes at once over one password, one goes through.
#[test]
fn of_two_changes_at_once_one_goes_through() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = come_in(&v.vault, PASSWORD).await.unwrap();
        let session = session_of(&v.vault, &token).await.unwrap();
        let (present, one, two) = (typed(PASSWORD), entered("another good one"), entered("yet another one"));
        let (a, b) = tokio::join!(
            password::change(&v.vault, &session, &present, &one),
            password::change(&v.vault, &session, &present, &two),
        );
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
        come_in(&v.vault, if a.is_ok() { "another good one" } else { "yet another one" }).await.unwrap();
    });
}

/// Who forgot the password sets a new one by a code; every session ends.
#[test]
fn a_forgotten_password_is_set_anew_by_a_code() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = come_in(&v.vault, PASSWORD).await.unwrap();
        let sent = whole(&v.vault, password::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        let code = entered(&code_of(&sent));
        let named = password::change_by_code(&v.vault, &sent.id, &code, &entered("yiwu_buttons")).await;
        assert_eq!(refused(named), Refused::PasswordHoldsName);
        let new = entered("another good one");
        assert_eq!(password::change_by_code(&v.vault, &sent.id, &code, &new).await.unwrap().id, id);
        assert!(session_of(&v.vault, &token).await.is_none());
        assert_eq!(come_in(&v.vault, PASSWORD).await.unwrap_err(), Refused::WrongSignIn);
        come_in(&v.vault, "another good one").await.unwrap();
        let again = password::change_by_code(&v.vault, &sent.id, &code, &entered("a third good one")).await;
        assert_eq!(refused(again), Refused::CodeExpired);
    });
}
