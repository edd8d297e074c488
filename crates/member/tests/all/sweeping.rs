//! What has run out goes by itself (5.1-a.1).

use crate::support::*;
use db::clock::{HOUR, MINUTE};
use db::jobs::Jobs;
use member::registration::finish;
use member::{JOBS, sign_in};
use policy::fields::{MemberName, MobilePhone};
use std::sync::Arc;
use vault::testing::TestVault;

fn run_jobs(v: &TestVault) {
    let jobs = Jobs::start(v.vault.data().clone(), JOBS.to_vec(), Arc::new(v.vault.clone()), 0).unwrap();
    jobs.run_due_now().unwrap();
}

/// Who asked for a code and never came is erased, keys and claims and all; who came stays.
#[test]
fn people_who_never_registered_go() {
    each(async |v| {
        let id = register(&v.vault, "13800138000", "yiwu_buttons").await;
        let left = send(&v.vault, "13800138001").await;
        register(&v.vault, "13800138002", "taken_name").await;
        // They got as far as the telephone's claim.
        let taken = finish(&v.vault, &new_member(&left, &code_of(&left), "taken_name", PASSWORD)).await;
        refused(taken);
        let phone = entered::<MobilePhone>("13800138001");
        let person = v.vault.keys().find(&phone).await.unwrap().unwrap();
        whole(&v.vault, sign_in::send_code(&v.vault, &entered("13800138000"), &here()).await).await;

        run_jobs(v);
        assert_eq!(rows(&v.vault, "one_time_code", "1 = 1"), 4, "nothing has run out yet");
        move_clock(&v.vault, 12 * MINUTE);
        run_jobs(v);
        assert_eq!(rows(&v.vault, "one_time_code", "1 = 1"), 0);
        assert_eq!(rows(&v.vault, "person", "state = 'erased'"), 1);
        assert_eq!(rows(&v.vault, "person", &format!("state = 'erased' and id = '{person}'")), 1);
        let keys = v.vault.keys();
        assert_eq!(count(keys.database(), "person_key", &format!("person = '{person}'")), 0);
        assert_eq!(count(keys.database(), "blind_mark", &format!("person = '{person}'")), 0);
        assert_eq!(keys.find(&phone).await.unwrap(), None);

        // Nothing of the members went.
        assert_eq!(keys.find::<MemberName>(&entered("yiwu_buttons")).await.unwrap(), Some(id.clone()));
        sign_in::by_password(&v.vault, &typed("yiwu_buttons"), &typed(PASSWORD), &here(), &nothing()).await.unwrap();
        // And the telephone is free for whoever has it now.
        register(&v.vault, "13800138001", "came_after_all").await;
    });
}

/// A sweep that was killed after the keys, or before them, is done again.
#[test]
fn a_killed_sweep_is_done_again() {
    each(async |v| {
        send(&v.vault, "13800138001").await;
        move_clock(&v.vault, 12 * MINUTE);
        let swept = v.vault.data().write(member::sweep::<()>).await.unwrap();
        assert_eq!((swept.never_registered.len(), swept.more), (1, false));
        assert_eq!(rows(&v.vault, "one_time_code", "1 = 1"), 1, "the row is the list of what is to be done");
        run_jobs(v);
        assert_eq!(rows(&v.vault, "one_time_code", "1 = 1"), 0);
        assert_eq!(count(v.vault.keys().database(), "tombstone", "duty = 'account'"), 1);
    });
}

/// The marks of an hour go with it.
#[test]
fn marks_of_past_hours_go() {
    each(async |v| {
        send(&v.vault, "13800138001").await;
        refused(sign_in::by_password(&v.vault, &typed("nobody"), &typed("wrong one"), &here(), &nothing()).await);
        assert_eq!(rows(&v.vault, "throttle", "1 = 1"), 4);
        move_clock(&v.vault, HOUR);
        run_jobs(v);
        assert_eq!(rows(&v.vault, "throttle", "1 = 1"), 0);
    });
}

/// More than one run takes at once.
#[test]
fn a_flood_is_swept_in_steps() {
    each(async |v| {
        let address = |n: u32| member::ClientAddress::of(std::net::Ipv4Addr::from(0xC633_6400 + n).into());
        for n in 0..230 {
            let phone = entered(&format!("1390013{n:04}"));
            member::registration::begin(&v.vault, &phone, &address(n / 20)).await.unwrap();
        }
        move_clock(&v.vault, 12 * MINUTE);
        run_jobs(v);
        assert_eq!(rows(&v.vault, "one_time_code", "1 = 1"), 0);
        assert_eq!(rows(&v.vault, "person", "state = 'erased'"), 230);
    });
}
