//! 5.3.1: staff accounts, roles, and their end.

use crate::support::*;
use db::clock::HOUR;
use db::{Failed, Id};
use member::staff::{self, Account, command_line, enlist, enlist_now, list};
use member::{Refused, Who, password, session, sign_in};
use policy::Role;
use vault::{Actor, Vault};

fn add(vault: &Vault, account: &str, role: Role) -> Result<member::Staff, Failed<Refused>> {
    let account = Account::parse(account).unwrap();
    enlist_now(vault, &command_line(), account, entered("Mei Lin"), role, &entered(PASSWORD))
}

async fn come_in(vault: &Vault, account: &str) -> Result<staff::StaffSignedIn, Failed<Refused>> {
    staff::sign_in(vault, &typed(account), &typed(PASSWORD), &here(), None).await
}

#[test]
fn staff_come_in_in_their_role() {
    each(async |v| {
        let operator = add(&v.vault, "mei.lin", Role::Operator).unwrap();
        let come = come_in(&v.vault, " MEI.LIN ").await.unwrap();
        assert_eq!(come.staff, operator);
        let session = session::current(&v.vault, &come.token).await.unwrap().unwrap();
        assert_eq!(session.who, Who::Staff(operator.clone()));
        assert_eq!(session.actor(), Actor::staff(&operator.id, Role::Operator));
        assert!(session.member().is_none());
        // No way in by the members' door, nor the other way round.
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let answer = sign_in::by_password(&v.vault, &typed("mei.lin"), &typed(PASSWORD), &here(), &nothing()).await;
        assert_eq!(refused(answer), Refused::WrongSignIn);
        assert_eq!(refused(come_in(&v.vault, "yiwu_buttons").await), Refused::WrongSignIn);
        assert_eq!(refused(come_in(&v.vault, "nobody").await), Refused::WrongSignIn);
        // Half a day without use is the end of a staff session.
        move_clock(&v.vault, 13 * HOUR);
        assert_eq!(session::current(&v.vault, &come.token).await.unwrap(), None);
    });
}

#[test]
fn an_account_is_taken_once_and_for_all() {
    each(async |v| {
        let first = add(&v.vault, "mei.lin", Role::Finance).unwrap();
        assert_eq!(refused(add(&v.vault, "mei.lin", Role::Legal)), Refused::StaffAccountTaken);
        v.vault.data().write(move |tx| staff::end(tx, &first.id)).await.unwrap();
        // What the ledger says of an account stays true of one person.
        assert_eq!(refused(add(&v.vault, "mei.lin", Role::Legal)), Refused::StaffAccountTaken);
        assert_eq!(rows(&v.vault, "person", "kind = 'staff'"), 1);
        assert_eq!(refused(add(&v.vault, "robot", Role::Job)), Refused::NotAStaffRole);
        let named = enlist_now(
            &v.vault,
            &command_line(),
            Account::parse("wei.chen").unwrap(),
            entered("Wei Chen"),
            Role::Agent,
            &entered("my-wei.chen-password"),
        );
        assert_eq!(refused(named), Refused::PasswordHoldsName);
    });
}

/// The end of a role is the end of its sessions, at once.
#[test]
fn the_end_of_a_role_ends_its_sessions() {
    each(async |v| {
        let finance = add(&v.vault, "mei.lin", Role::Finance).unwrap();
        let come = come_in(&v.vault, "mei.lin").await.unwrap();
        let id = finance.id.clone();
        v.vault.data().write(move |tx| staff::change_role(tx, &id, Role::Logistics)).await.unwrap();
        assert_eq!(session::current(&v.vault, &come.token).await.unwrap(), None);
        let come = come_in(&v.vault, "mei.lin").await.unwrap();
        assert_eq!(come.staff.role, Role::Logistics);
        let id = finance.id.clone();
        v.vault.data().write(move |tx| staff::end(tx, &id)).await.unwrap();
        assert_eq!(session::current(&v.vault, &come.token).await.unwrap(), None);
        assert_eq!(refused(come_in(&v.vault, "mei.lin").await), Refused::WrongSignIn);
        let id = finance.id.clone();
        assert_eq!(refused(v.vault.data().write(move |tx| staff::end(tx, &id)).await), Refused::NoSuchAccount);
        let id = finance.id.clone();
        let back = v.vault.data().write(move |tx| staff::change_role(tx, &id, Role::Finance)).await;
        assert_eq!(refused(back), Refused::NoSuchAccount);
        assert_eq!(rows(&v.vault, "session", "1 = 1"), 0);
    });
}

/// Only who may administer staff adds staff or reads their names.
#[test]
fn who_administers_staff() {
    each(async |v| {
        let operator = add(&v.vault, "mei.lin", Role::Operator).unwrap();
        let by = Actor::staff(&operator.id, Role::Operator);
        let agent = Account::parse("wei.chen").unwrap();
        let added = enlist(&v.vault, &by, agent.clone(), entered("Wei Chen"), Role::Agent, &entered(PASSWORD)).await;
        let added = added.unwrap();
        let no = Actor::staff(&added.id, Role::Agent);
        let denied = enlist(&v.vault, &no, agent, entered("Somebody"), Role::Operator, &entered(PASSWORD)).await;
        assert!(matches!(denied, Err(Failed::Fault(_))), "{denied:?}");

        let ids: Vec<Id> = v.vault.data().read(|read| Ok::<_, db::Stop<()>>(staff::ids(read)?)).await.unwrap();
        let access = v.vault.access::<member::policy::AdministerStaff>(&by, &ids).await.unwrap();
        let listed = v.vault.data().read(move |read| list::<()>(read, &access)).await.unwrap();
        let names: Vec<(&str, &str)> =
            listed.iter().map(|l| (l.account.as_str(), l.name.as_ref().unwrap().look().as_str())).collect();
        assert_eq!(names, [("mei.lin", "Mei Lin"), ("wei.chen", "Wei Chen")]);
        assert_eq!(files_that_hold(v, &["Mei Lin", "Wei Chen", PASSWORD]), Default::default());
    });
}

/// Staff change their password as members do, and are throttled as members are.
#[test]
fn staff_passwords_change_and_are_throttled() {
    each(async |v| {
        add(&v.vault, "mei.lin", Role::Operator).unwrap();
        let (mine, other) = (come_in(&v.vault, "mei.lin").await.unwrap(), come_in(&v.vault, "mei.lin").await.unwrap());
        let session = session::current(&v.vault, &mine.token).await.unwrap().unwrap();
        for (easy, why) in [("Passw0rd!", Refused::PasswordGuessable), ("x-MEI.lin-x", Refused::PasswordHoldsName)] {
            let changed = password::change(&v.vault, &session, &typed(PASSWORD), &entered(easy)).await;
            assert_eq!(refused(changed), why);
        }
        let new = entered("another good one");
        password::change(&v.vault, &session, &typed(PASSWORD), &new).await.unwrap();
        assert_eq!(session::current(&v.vault, &other.token).await.unwrap(), None);
        assert!(session::current(&v.vault, &mine.token).await.unwrap().is_some());
        for _ in 0..10 {
            assert_eq!(refused(come_in(&v.vault, "mei.lin").await), Refused::WrongSignIn);
        }
        assert!(matches!(refused(come_in(&v.vault, "mei.lin").await), Refused::TooManyTries { .. }));
    });
}
