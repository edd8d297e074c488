//! 2.1.1: tokens by which a person's own programs act for them.

use crate::support::*;
use db::clock::{DAY, HOUR, MINUTE};
use db::{Failed, Id};
use member::token::{self, ApiToken, Bearer, NewToken, Reach, TOKENS_MAX};
use member::{Member, Refused, Who, session};
use vault::{Actor, Vault};

async fn make(vault: &Vault, id: &Id, reaches: &[Reach], days: i64) -> Result<ApiToken, Failed<Refused>> {
    let access = vault.access(&Actor::own(id), std::slice::from_ref(id)).await.unwrap();
    let who = Who::Member(Member { id: id.clone() });
    let new = NewToken { name: entered("Canary stock system"), reaches: reaches.to_vec(), days };
    let proven = member::testing::proven(id);
    vault.data().write(move |tx| token::make(tx, &who, &proven, &access, &new)).await
}

async fn bearer(vault: &Vault, token: &ApiToken) -> Option<Bearer> {
    token::bearer_and(vault, token, |_, _| Ok(())).await.unwrap().map(|(bearer, ())| bearer)
}

async fn names(vault: &Vault, id: &Id) -> Vec<String> {
    let access = vault.access(&Actor::own(id), std::slice::from_ref(id)).await.unwrap();
    let id = id.clone();
    let listed = vault.data().read(move |read| token::list::<()>(read, &id, &access)).await.unwrap();
    listed.into_iter().map(|token| token.name.look().clone()).collect()
}

/// The token is with the program only; here is its hash, and the name that its owner gave is sealed.
#[test]
fn a_token_rests_as_a_hash() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = make(&v.vault, &id, &[Reach::Buy, Reach::Operate], 30).await.unwrap();
        assert_eq!(rows(&v.vault, "api_token", &format!("token = '{}'", token.as_str())), 0);
        assert_eq!(files_that_hold(v, &[token.as_str(), "Canary stock system"]), Default::default());
        let found = bearer(&v.vault, &token).await.unwrap();
        assert_eq!((found.person(), found.reaches.as_slice()), (&id, &[Reach::Buy][..]), "a member operates nothing");
        assert!(found.may(Reach::BuyRead) && !found.may(Reach::SellRead));
        assert_eq!(names(&v.vault, &id).await, ["Canary stock system"]);
        let other = register(&v.vault, "13800138001", "yiwu_zips").await;
        assert!(names(&v.vault, &other).await.is_empty());
    });
}

/// It ends at its time, by its owner, and with everything else: signed out everywhere.
#[test]
fn a_token_ends() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let short = make(&v.vault, &id, &[Reach::Buy], 30).await.unwrap();
        let long = make(&v.vault, &id, &[Reach::Sell], 9_999).await.unwrap();
        move_clock(&v.vault, 31 * DAY);
        assert!(bearer(&v.vault, &short).await.is_none() && bearer(&v.vault, &long).await.is_some());
        v.vault.data().write(member::sweep::<()>).await.unwrap();
        assert_eq!(rows(&v.vault, "api_token", "1 = 1"), 1);
        move_clock(&v.vault, 335 * DAY);
        assert!(bearer(&v.vault, &long).await.is_none(), "a year at most");

        let again = make(&v.vault, &id, &[Reach::Buy], 30).await.unwrap();
        let (owner, stranger) = (id.clone(), register(&v.vault, "13800138001", "yiwu_zips").await);
        let of = bearer(&v.vault, &again).await.unwrap().id;
        let theirs = of.clone();
        let ended = v.vault.data().write(move |tx| token::end::<()>(tx, &stranger, &theirs)).await.unwrap();
        assert!(!ended && bearer(&v.vault, &again).await.is_some(), "nobody ends another's");
        assert!(v.vault.data().write(move |tx| token::end::<()>(tx, &owner, &of)).await.unwrap());
        assert!(bearer(&v.vault, &again).await.is_none());

        let last = make(&v.vault, &id, &[Reach::Buy], 30).await.unwrap();
        let owner = id.clone();
        v.vault.data().write(move |tx| session::end_all::<()>(tx, &owner)).await.unwrap();
        assert!(bearer(&v.vault, &last).await.is_none());
    });
}

/// Use is written at most hourly; there are only so many.
#[test]
fn use_is_noted_and_the_number_bounded() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let token = make(&v.vault, &id, &[Reach::Buy], 30).await.unwrap();
        let unused = "used_at = begun_at";
        move_clock(&v.vault, 50 * MINUTE);
        bearer(&v.vault, &token).await.unwrap();
        assert_eq!(rows(&v.vault, "api_token", unused), 1, "not yet an hour");
        move_clock(&v.vault, HOUR);
        bearer(&v.vault, &token).await.unwrap();
        assert_eq!(rows(&v.vault, "api_token", unused), 0);
        for _ in 1..TOKENS_MAX {
            make(&v.vault, &id, &[Reach::Buy], 30).await.unwrap();
        }
        assert_eq!(refused(make(&v.vault, &id, &[Reach::Buy], 30).await), Refused::TooManyTokens { max: TOKENS_MAX });
    });
}
