//! 2.7: a member is told of a sign-in on a device that is not known.

use crate::support::*;
use db::clock::{DAY, MINUTE};
use db::{Id, Stop};
use diesel::prelude::*;
use member::device::{self, KNOWN_FOR, Unanswered, Warning};
use member::registration::finish;
use member::sign_in::{self, Arrival, SignedIn};
use member::token::{self, NewToken, Reach};
use member::{Member, PART, Refused, Session, Who, account, session};
use policy::Language;
use vault::{Actor, State, Vault, person};

async fn come_in(vault: &Vault, name: &str, brought: &Arrival) -> SignedIn {
    sign_in::by_password(vault, &typed(name), &typed(PASSWORD), &here(), brought).await.unwrap()
}

/// The browser of an earlier sign-in, whose session is over.
fn same_as(signed_in: &SignedIn) -> Arrival {
    Arrival { previous: None, device: Some(signed_in.device.clone()), language: Language::En }
}

async fn session_of(vault: &Vault, signed_in: &SignedIn) -> Session {
    session::current(vault, &signed_in.token).await.unwrap().unwrap()
}

/// New devices as the page of this sign-in says them.
async fn unanswered(vault: &Vault, signed_in: &SignedIn) -> Vec<Unanswered> {
    let session = session_of(vault, signed_in).await;
    let read = vault.data().read(move |r| {
        let (person, here) = (session.person().clone(), session.device().to_owned());
        Ok::<_, Stop<()>>(device::unanswered(r, &person, &here)?)
    });
    read.await.unwrap()
}

/// What waits to be sent.
fn jobs(vault: &Vault) -> Vec<serde_json::Value> {
    let bodies: Vec<String> = vault
        .data()
        .read_now(|read| {
            let jobs = db::policy::job::table.filter(db::policy::job::kind.eq(device::TELL)).order(db::policy::job::id);
            Ok::<_, Stop<()>>(jobs.select(db::policy::job::body).load(read.db)?)
        })
        .unwrap();
    bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

async fn warning(vault: &Vault, body: serde_json::Value) -> Option<Warning> {
    let vault = vault.clone();
    tokio::task::spawn_blocking(move || device::warning(&vault, &body)).await.unwrap().unwrap()
}

/// Whoever has just registered is not told of it; of the next device they are, and of none twice.
#[test]
fn a_new_device_is_told_once() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let new = new_member(&sent, &code_of(&sent), "yiwu_buttons", PASSWORD);
        let registered = finish(&v.vault, &new).await.unwrap();
        let first = sign_in::after_registering(&v.vault, &registered, &nothing()).await.unwrap();
        come_in(&v.vault, "yiwu_buttons", &same_as(&first)).await;
        assert_eq!((jobs(&v.vault).len(), unanswered(&v.vault, &first).await.len()), (0, 0));

        move_clock(&v.vault, MINUTE);
        let second = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        let at = v.vault.data().now();
        let new = unanswered(&v.vault, &first).await;
        assert_eq!(new.len(), 1);
        assert!((at - MINUTE..=at).contains(&new[0].at));
        assert_eq!(unanswered(&v.vault, &second).await, [], "whoever came in is not asked whether they did");
        let waiting = jobs(&v.vault);
        assert_eq!(waiting.len(), 1);
        let told = warning(&v.vault, waiting[0].clone()).await.unwrap();
        assert_eq!((told.phone.expose().as_str(), *told.at.expose()), ("+8613800138000", new[0].at));
        assert_eq!((told.language, &told.id), (Language::En, &new[0].id));

        let again = come_in(&v.vault, "yiwu_buttons", &same_as(&second)).await;
        assert_eq!(again.device.as_str(), second.device.as_str(), "the browser keeps its value");
        assert_eq!((jobs(&v.vault).len(), unanswered(&v.vault, &first).await.len()), (1, 1));
        assert_eq!(rows(&v.vault, "known_device", "1 = 1"), 2);
    });
}

/// At rest there is a keyed hash bound to the member: one browser of two members is two devices, and known to the one
/// it is not known to the other.
#[test]
fn a_device_is_known_for_one_member_only() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        register(&v.vault, "13800138001", "yiwu_beads").await;
        let buttons = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        assert_eq!(jobs(&v.vault).len(), 1);
        let beads = come_in(&v.vault, "yiwu_beads", &same_as(&buttons)).await;
        assert_eq!(jobs(&v.vault).len(), 2, "new to the other");
        assert_eq!(beads.device.as_str(), buttons.device.as_str(), "and the browser stays known to the first");
        come_in(&v.vault, "yiwu_buttons", &same_as(&beads)).await;
        assert_eq!(jobs(&v.vault).len(), 2);
        #[derive(QueryableByName)]
        struct Mark {
            #[diesel(sql_type = diesel::sql_types::Text)]
            mark: String,
        }
        let marks: Vec<Mark> = v
            .vault
            .data()
            .read_now(|r| Ok::<_, Stop<()>>(diesel::sql_query("select mark from known_device").load(r.db)?))
            .unwrap();
        assert!(marks.len() == 2 && marks[0].mark != marks[1].mark);
        assert!(marks.iter().all(|row| !row.mark.contains(buttons.device.as_str())));
        assert_eq!(files_that_hold(v, &[buttons.device.as_str()]), Default::default());
        assert_eq!(format!("{:?}", buttons.device), "DeviceToken");
    });
}

/// In the language that the member chose, or else of the page.
#[test]
fn it_is_told_in_the_members_language() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let chinese = Arrival { language: Language::Zh, ..nothing() };
        come_in(&v.vault, "yiwu_buttons", &chinese).await;
        assert_eq!(warning(&v.vault, jobs(&v.vault)[0].clone()).await.unwrap().language, Language::Zh);
        v.vault.data().write(move |tx| account::set_language::<()>(tx, &id, Some(Language::En))).await.unwrap();
        come_in(&v.vault, "yiwu_buttons", &chinese).await;
        assert_eq!(warning(&v.vault, jobs(&v.vault)[1].clone()).await.unwrap().language, Language::En);
    });
}

/// The member says whose it is: their own is not mentioned again; the other's sessions end, and the tokens since then.
#[test]
fn the_member_says_whose_it_is() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let own = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        make_token(&v.vault, &id).await;
        move_clock(&v.vault, MINUTE);
        let phone = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        let found = unanswered(&v.vault, &own).await.remove(0).id;
        assert!(!answer(&v.vault, &phone, &found, true).await, "not by the device itself");
        assert!(answer(&v.vault, &own, &found, true).await);
        assert_eq!(unanswered(&v.vault, &own).await, []);
        come_in(&v.vault, "yiwu_buttons", &same_as(&phone)).await;
        assert_eq!(unanswered(&v.vault, &own).await, []);

        move_clock(&v.vault, MINUTE);
        let thief = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        let lives_on = come_in(&v.vault, "yiwu_buttons", &same_as(&thief)).await;
        make_token(&v.vault, &id).await;
        let stranger = unanswered(&v.vault, &own).await.remove(0).id;
        register(&v.vault, "13800138001", "yiwu_beads").await;
        let beads = come_in(&v.vault, "yiwu_beads", &nothing()).await;
        for mine in [true, false] {
            assert!(!answer(&v.vault, &thief, &stranger, mine).await, "not by itself");
            assert!(!answer(&v.vault, &beads, &stranger, mine).await, "nobody answers for another");
        }
        assert!(answer(&v.vault, &own, &stranger, false).await);
        for of in [&thief, &lives_on] {
            assert_eq!(session::current(&v.vault, &of.token).await.unwrap(), None);
        }
        assert_eq!(unanswered(&v.vault, &own).await, []);
        assert_eq!(rows(&v.vault, "api_token", "1 = 1"), 1, "the one from before stays");
        let before = jobs(&v.vault).len();
        come_in(&v.vault, "yiwu_buttons", &same_as(&thief)).await;
        assert_eq!(jobs(&v.vault).len(), before + 1, "it is not known any more");
    });
}

async fn answer(vault: &Vault, by: &SignedIn, id: &Id, mine: bool) -> bool {
    let (session, id) = (session_of(vault, by).await, id.clone());
    let written = vault.data().write(move |tx| {
        let (person, here) = (session.person(), session.device());
        if mine {
            device::is_mine::<()>(tx, person, &id, here)
        } else {
            device::is_not_mine::<()>(tx, person, &id, here)
        }
    });
    written.await.unwrap()
}

async fn make_token(vault: &Vault, id: &Id) {
    let access = vault.access(&Actor::own(id), std::slice::from_ref(id)).await.unwrap();
    let (who, proven) = (Who::Member(Member { id: id.clone() }), member::testing::proven(id));
    let new = NewToken { name: entered("a program"), reaches: vec![Reach::Buy], days: 30 };
    vault.data().write(move |tx| token::make(tx, &who, &proven, &access, &new)).await.unwrap();
}

/// Nobody's telephone rings all day, and nobody piles up devices: the page says what the messages no longer do.
#[test]
fn a_flood_of_devices_is_bounded() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let first = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        for _ in 0..24 {
            come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        }
        assert_eq!(jobs(&v.vault).len(), 5);
        assert_eq!(rows(&v.vault, "known_device", "1 = 1"), 20);
        assert_eq!(unanswered(&v.vault, &first).await.len(), 20);
        move_clock(&v.vault, DAY + MINUTE);
        come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        assert_eq!(jobs(&v.vault).len(), 6);
    });
}

/// Whoever has restricted their data is told, for the law asks for it (4.0-S2). Nothing is sent to whoever has said whose
/// the device is, or has closed the account; and the cookie of a closed account is answered as if nobody had been there.
#[test]
fn who_is_not_to_be_told_is_not() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let own = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        let waiting = jobs(&v.vault).remove(0);
        assert!(warning(&v.vault, waiting.clone()).await.is_some());
        let set = async |state| {
            let id = id.clone();
            v.vault.data().write(move |tx| person::set_state::<()>(tx, &id, state)).await.unwrap();
        };
        set(State::Restricted).await;
        assert!(warning(&v.vault, waiting.clone()).await.is_some());
        set(State::Open).await;
        let other = come_in(&v.vault, "yiwu_buttons", &nothing()).await;
        let found = unanswered(&v.vault, &other).await.remove(0).id;
        assert!(answer(&v.vault, &other, &found, true).await);
        assert!(warning(&v.vault, waiting).await.is_none(), "answered already");

        let waiting = jobs(&v.vault).remove(1);
        let closed = id.clone();
        v.vault
            .data()
            .write(move |tx| {
                let closing = format!("update member set ended_at = {} where id = '{closed}'", tx.now);
                Ok::<_, Stop<()>>(diesel::sql_query(closing).execute(tx.db)?)
            })
            .await
            .unwrap();
        assert!(warning(&v.vault, waiting).await.is_none());
        for brought in [same_as(&own), nothing()] {
            let answer =
                sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &brought).await;
            assert_eq!(refused(answer), Refused::WrongSignIn);
        }
        assert_eq!((jobs(&v.vault).len(), rows(&v.vault, "known_device", "1 = 1")), (2, 2));
    });
}

/// The term that the policy says is the one that the cookie lives for; it goes with the person.
#[test]
fn a_device_is_known_for_its_term() {
    let record = PART.records.iter().find(|record| record.table == "known_device").unwrap();
    assert_eq!((record.keep, record.since), (&["NoticeNewDevice"][..], "seen_at"));
    assert_eq!(record.subjects[0].on_erase, policy::OnErase::Delete);
    let purpose = PART.purposes.iter().find(|purpose| purpose.id == "NoticeNewDevice").unwrap();
    let terms: Vec<i64> = purpose.keep.iter().map(|keep| keep.term.micros()).collect();
    assert_eq!(terms, [KNOWN_FOR]);
}
