//! 2.8.2-a.1, 2.8.2-a.S2: sessions.

use crate::support::*;
use db::clock::{DAY, HOUR, MINUTE};
use db::{Id, Stop};
use member::sign_in::Arrival;
use member::{Session, Token, session, sign_in};
use vault::Vault;

async fn come_in(vault: &Vault, previous: Option<&Token>) -> Token {
    let arrival = Arrival { previous: previous.cloned(), ..nothing() };
    sign_in::by_password(vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &arrival).await.unwrap().token
}

async fn who(vault: &Vault, token: &Token) -> Option<Session> {
    session::current(vault, token).await.unwrap()
}

async fn list(vault: &Vault, id: &Id) -> Vec<Id> {
    let id = id.clone();
    let listed = vault.data().read(move |read| Ok::<_, Stop<()>>(session::list(read, &id)?)).await.unwrap();
    listed.into_iter().map(|session| session.id).collect()
}

/// The token is on the device only; here is its hash.
#[test]
fn a_token_rests_as_a_hash() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = come_in(&v.vault, None).await;
        assert!(token.as_str().len() == 43 && format!("{token:?}") == "Token");
        assert_eq!(rows(&v.vault, "session", &format!("token = '{}'", token.as_str())), 0);
        assert_eq!(files_that_hold(v, &[token.as_str()]), Default::default());
        assert!(who(&v.vault, &Token::parse(token.as_str()).unwrap()).await.is_some());
        let mut other = token.as_str().to_owned();
        other.replace_range(0..1, if other.starts_with('A') { "B" } else { "A" });
        assert_eq!(who(&v.vault, &Token::parse(&other).unwrap()).await, None);
        for no_token in ["", "short", "' or 1=1 --", &"A".repeat(500)] {
            assert!(Token::parse(no_token).is_none());
        }
    });
}

/// A token is new at every sign-in, and the one that the browser brought is over.
#[test]
fn a_token_is_rotated_at_sign_in() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let first = come_in(&v.vault, None).await;
        let second = come_in(&v.vault, Some(&first)).await;
        assert_ne!(first.as_str(), second.as_str());
        assert_eq!(who(&v.vault, &first).await, None);
        assert_eq!(who(&v.vault, &second).await.unwrap().person(), &id);
        assert_eq!(rows(&v.vault, "session", "1 = 1"), 1);
    });
}

/// Thirty days without use, and it is over; use is written at most hourly.
#[test]
fn an_idle_session_is_over() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = come_in(&v.vault, None).await;
        let begun = who(&v.vault, &token).await.unwrap().seen_at;
        move_clock(&v.vault, 50 * MINUTE);
        who(&v.vault, &token).await.unwrap();
        assert_eq!(who(&v.vault, &token).await.unwrap().seen_at, begun, "not yet an hour");
        move_clock(&v.vault, 29 * DAY);
        who(&v.vault, &token).await.unwrap();
        let seen = who(&v.vault, &token).await.unwrap().seen_at;
        assert!(seen > begun + 29 * DAY);
        move_clock(&v.vault, 29 * DAY);
        who(&v.vault, &token).await.unwrap();
        move_clock(&v.vault, 30 * DAY + HOUR);
        assert_eq!(who(&v.vault, &token).await, None);
        v.vault.data().write(member::sweep::<()>).await.unwrap();
        assert_eq!(rows(&v.vault, "session", "1 = 1"), 0);
    });
}

/// Sign-out ends one, a click in the list another, 'everywhere' all; and an ended session leaves no row.
#[test]
fn sessions_end_when_their_owner_says_so() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        register(&v.vault, "13800138001", "somebody_else").await;
        let mut tokens = Vec::new();
        for _ in 0..4 {
            tokens.push(come_in(&v.vault, None).await);
        }
        let other =
            sign_in::by_password(&v.vault, &typed("somebody_else"), &typed(PASSWORD), &here(), &nothing()).await;
        let other = other.unwrap();
        assert_eq!(list(&v.vault, &id).await.len(), 4);

        let session = who(&v.vault, &tokens[0]).await.unwrap();
        let (person, this, stranger) = (id.clone(), session.id.clone(), other.member.id.clone());
        let ended = v
            .vault
            .data()
            .write(move |tx| {
                // Somebody else's session is not in one's own list.
                Ok::<_, Stop<()>>((session::end(tx, &stranger, &this)?, session::end(tx, &person, &this)?))
            })
            .await
            .unwrap();
        assert_eq!(ended, (false, true));
        assert_eq!(who(&v.vault, &tokens[0]).await, None);

        let (person, this) = (id.clone(), who(&v.vault, &tokens[1]).await.unwrap().id);
        let ended = v.vault.data().write(move |tx| session::end_others::<()>(tx, &person, &this)).await.unwrap();
        assert_eq!(ended, 2);
        assert!(who(&v.vault, &tokens[1]).await.is_some() && who(&v.vault, &tokens[2]).await.is_none());

        let person = id.clone();
        v.vault.data().write(move |tx| session::end_all::<()>(tx, &person)).await.unwrap();
        assert_eq!(list(&v.vault, &id).await, Vec::<Id>::new());
        assert!(who(&v.vault, &other.token).await.is_some());
        assert_eq!(rows(&v.vault, "session", "1 = 1"), 1);
    });
}

/// Nobody piles up sessions without end.
#[test]
fn the_longest_unused_session_makes_room() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let new = new_member(&sent, &code_of(&sent), "yiwu_buttons", PASSWORD);
        let registered = member::registration::finish(&v.vault, &new).await.unwrap();
        let first = sign_in::after_registering(&v.vault, &registered, &nothing()).await.unwrap().token;
        for _ in 0..50 {
            sign_in::after_registering(&v.vault, &registered, &nothing()).await.unwrap();
        }
        assert_eq!(rows(&v.vault, "session", "1 = 1"), 50);
        assert_eq!(who(&v.vault, &first).await, None);
    });
}
