//! Before a sensitive change: a password or a code once more, and no second way to guess either.

use crate::support::*;
use db::clock::MINUTE;
use db::{Failed, Id};
use member::staff::{self, Account, command_line, enlist_now};
use member::token::{self, NewToken, Reach};
use member::{Member, Refused, Session, Token, Who, prove, session, sign_in};
use policy::Role;
use vault::{Actor, State, Vault, person};

async fn come_in(vault: &Vault, name: &str) -> Session {
    let come = sign_in::by_password(vault, &typed(name), &typed(PASSWORD), &here(), &nothing()).await.unwrap();
    session_of(vault, &come.token).await
}

async fn session_of(vault: &Vault, token: &Token) -> Session {
    session::current(vault, token).await.unwrap().unwrap()
}

/// Whether it was proved since the sign-in.
fn again(vault: &Vault, of: &Session) -> bool {
    rows(vault, "session", &format!("id = '{}' and proved_at > begun_at", of.id)) == 1
}

/// At the sign-in it holds, for ten minutes and no longer; a form is shown while there is time to fill it in.
#[test]
fn a_proof_holds_ten_minutes() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let session = come_in(&v.vault, "yiwu_buttons").await;
        let begun = session.begun_at;
        for (minutes, holds, form) in [(0, true, true), (5, true, true), (6, true, false), (10, true, false)] {
            let now = begun + minutes * MINUTE;
            assert_eq!((session.proven(now).is_some(), session.is_proven_for_a_form(now)), (holds, form), "{minutes}");
        }
        assert!(session.proven(begun + 11 * MINUTE).is_none());
    });
}

/// The password renews it, a wrong one does not; and a new password is a proof, too.
#[test]
fn the_password_renews_it() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing()).await;
        let token = token.unwrap().token;
        move_clock(&v.vault, 11 * MINUTE);
        let session = session_of(&v.vault, &token).await;
        let wrong = prove::by_password(&v.vault, &session, &typed("not the one"), &here()).await;
        assert_eq!(refused(wrong), Refused::WrongCurrentPassword);
        assert!(session_of(&v.vault, &token).await.proven(v.vault.data().now()).is_none());
        prove::by_password(&v.vault, &session, &typed(PASSWORD), &here()).await.unwrap();
        assert!(session_of(&v.vault, &token).await.proven(v.vault.data().now()).is_some());

        move_clock(&v.vault, 11 * MINUTE);
        let new = entered("another good passphrase");
        member::password::change(&v.vault, &session, &typed(PASSWORD), &new).await.unwrap();
        assert!(session_of(&v.vault, &token).await.proven(v.vault.data().now()).is_some());
    });
}

/// Wrong passwords here and at the sign-in are one count: ten of either, and neither takes the right one.
#[test]
fn it_is_no_second_way_to_guess() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        register(&v.vault, "13800138001", "yiwu_beads").await;
        let (buttons, beads) = (come_in(&v.vault, "yiwu_buttons").await, come_in(&v.vault, "yiwu_beads").await);
        let name = || typed("YIWU_buttons");
        for _ in 0..5 {
            refused(prove::by_password(&v.vault, &buttons, &typed("a wrong one"), &here()).await);
            refused(sign_in::by_password(&v.vault, &name(), &typed("a wrong one"), &here(), &nothing()).await);
        }
        let locked = prove::by_password(&v.vault, &buttons, &typed(PASSWORD), &here()).await;
        assert!(matches!(refused(locked), Refused::TooManyTries { .. }));
        let locked = sign_in::by_password(&v.vault, &name(), &typed(PASSWORD), &here(), &nothing()).await;
        assert!(matches!(refused(locked), Refused::TooManyTries { .. }));
        assert!(!again(&v.vault, &buttons));
        prove::by_password(&v.vault, &beads, &typed(PASSWORD), &here()).await.unwrap();
    });
}

/// Staff prove it by their password, under the count of their sign-in.
#[test]
fn staff_prove_it_too() {
    each(async |v| {
        let account = Account::parse("mei.lin").unwrap();
        enlist_now(&v.vault, &command_line(), account, entered("Mei Lin"), Role::Operator, &entered(PASSWORD)).unwrap();
        let sign_in = async || staff::sign_in(&v.vault, &typed("mei.lin"), &typed(PASSWORD), &here(), None).await;
        let token = sign_in().await.unwrap().token;
        move_clock(&v.vault, 11 * MINUTE);
        let session = session_of(&v.vault, &token).await;
        assert!(session.proven(v.vault.data().now()).is_none());
        prove::by_password(&v.vault, &session, &typed(PASSWORD), &here()).await.unwrap();
        assert!(session_of(&v.vault, &token).await.proven(v.vault.data().now()).is_some());
        assert_eq!(refused(prove::send_code(&v.vault, &session, &here()).await), Refused::NoSuchAccount);
        for _ in 0..10 {
            refused(prove::by_password(&v.vault, &session, &typed("a wrong one"), &here()).await);
        }
        assert!(matches!(refused(sign_in().await), Refused::TooManyTries { .. }));
    });
}

/// A code to one's own telephone proves it: that code, once, and no code that was asked for something else.
#[test]
fn a_code_proves_it() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        register(&v.vault, "13800138001", "yiwu_beads").await;
        let (buttons, beads) = (come_in(&v.vault, "yiwu_buttons").await, come_in(&v.vault, "yiwu_beads").await);
        move_clock(&v.vault, 11 * MINUTE);
        let sent = whole(&v.vault, prove::send_code(&v.vault, &buttons, &here()).await).await;
        assert_eq!(sent.to_send.as_ref().unwrap().phone.expose(), "+8613800138000");
        let code = entered(&code_of(&sent));
        let another = prove::by_code(&v.vault, &beads, &sent.id, &code).await;
        assert_eq!(refused(another), Refused::CodeExpired, "another's code");
        assert_eq!(refused(sign_in::by_code(&v.vault, &sent.id, &code, &nothing()).await), Refused::CodeExpired);
        let wrong = entered(&wrong_code_for(&code_of(&sent)));
        let wrong = prove::by_code(&v.vault, &buttons, &sent.id, &wrong).await;
        assert_eq!(refused(wrong), Refused::WrongCode { left: 4 });
        assert!(!again(&v.vault, &buttons) && !again(&v.vault, &beads));
        prove::by_code(&v.vault, &buttons, &sent.id, &code).await.unwrap();
        assert!(again(&v.vault, &buttons));
        assert_eq!(refused(prove::by_code(&v.vault, &buttons, &sent.id, &code).await), Refused::CodeExpired);

        let to_sign_in = whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;
        let code = entered(&code_of(&to_sign_in));
        assert_eq!(refused(prove::by_code(&v.vault, &buttons, &to_sign_in.id, &code).await), Refused::CodeExpired);
        // With that of the registration they were three in this hour; the fourth is refused, as at the sign-in.
        let fourth = prove::send_code(&v.vault, &buttons, &here()).await;
        assert!(matches!(refused(fourth), Refused::TooManyCodes { .. }));
    });
}

/// An ended session proves nothing, nor does one whose owner's data are restricted.
#[test]
fn an_ended_session_proves_nothing() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let (ended, restricted) = (come_in(&v.vault, "yiwu_buttons").await, come_in(&v.vault, "yiwu_buttons").await);
        let (person, this) = (id.clone(), ended.id.clone());
        v.vault.data().write(move |tx| session::end::<()>(tx, &person, &this)).await.unwrap();
        let answer = prove::by_password(&v.vault, &ended, &typed(PASSWORD), &here()).await;
        assert_eq!(refused(answer), Refused::NoSuchAccount);
        v.vault.data().write(move |tx| person::set_state::<()>(tx, &id, State::Restricted)).await.unwrap();
        let answer = prove::by_password(&v.vault, &restricted, &typed(PASSWORD), &here()).await;
        assert_eq!(refused(answer), Refused::Restricted);
    });
}

/// One person's proof is none of another's, whatever page mixed them up.
#[test]
fn a_proof_is_its_persons_only() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        register(&v.vault, "13800138001", "yiwu_beads").await;
        let other = come_in(&v.vault, "yiwu_beads").await.proven(v.vault.data().now()).unwrap();
        let made = make(&v.vault, &id, other).await;
        assert!(matches!(made, Err(Failed::Fault(_))), "{made:?}");
        assert_eq!(rows(&v.vault, "api_token", "1 = 1"), 0);
        let own = come_in(&v.vault, "yiwu_buttons").await.proven(v.vault.data().now()).unwrap();
        make(&v.vault, &id, own).await.unwrap();
    });
}

async fn make(vault: &Vault, id: &Id, proven: member::Proven) -> Result<token::ApiToken, Failed<Refused>> {
    let access = vault.access(&Actor::own(id), std::slice::from_ref(id)).await.unwrap();
    let who = Who::Member(Member { id: id.clone() });
    let new = NewToken { name: entered("a program"), reaches: vec![Reach::Buy], days: 30 };
    vault.data().write(move |tx| token::make(tx, &who, &proven, &access, &new)).await
}
