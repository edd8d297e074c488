//! 2.1.1-a.1, 2.1.1-a.3, 2-a.4, 0-a.6: opening an account.

use crate::support::*;
use db::clock::MINUTE;
use member::registration::{begin, finish};
use member::{Reason, Refused, sign_in};
use policy::ColumnKind;
use policy::fields::MemberName;
use std::collections::BTreeSet;
use vault::{Actor, Part, ledger};

/// 2-a.4: after registering exactly three personal fields and a time exist for the member in the whole database; 0-a.6:
/// and no consent.
#[test]
fn a_new_member_has_three_fields_and_a_time() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let parts = [vault::policy::PART, member::PART];
        let mut held = BTreeSet::new();
        for record in Part::map(&parts).records {
            for column in record.columns {
                let (field, empty) = match column.kind {
                    ColumnKind::Plain(_) => continue,
                    ColumnKind::Field(field) => (field, format!("cast({} as text) <> ''", column.name)),
                    ColumnKind::Sealed { field, .. } => (field, format!("length({}) > 0", column.name)),
                };
                if rows(&v.vault, record.table, &empty) > 0 {
                    held.insert((record.table, field.id));
                }
            }
        }
        let expected = ["MemberName", "MobilePhone", "PasswordHash", "RegisteredAt"].map(|field| ("member", field));
        let mut expected = BTreeSet::from(expected);
        // For an hour, how often it was tried (2.7).
        expected.insert(("throttle", "TryMark"));
        assert_eq!(held, expected);
        assert_eq!(rows(&v.vault, "consent", "1 = 1"), 0);
        // What the walk went over is all there is: no table but the declared ones and the foundation's.
        let live = v.vault.data().read(|read| Ok::<_, db::Stop<()>>(db::schema::live_columns(read.db)?)).await.unwrap();
        let known: BTreeSet<&str> = Part::map(&parts)
            .records
            .iter()
            .map(|record| record.table)
            .chain(db::policy::RECORDS.iter().map(|record| record.table))
            .collect();
        assert!(live.iter().all(|column| known.contains(column.table_name.as_str())), "{live:?}");
    });
}

/// 2.1.1-a.3: the password is nowhere in any file, the log of SQLite included; nor are name, telephone and code.
#[test]
fn nothing_that_was_typed_is_in_a_file() {
    each(async |v| {
        let sent = send(&v.vault, "13877665544").await;
        let code = code_of(&sent);
        let new = new_member(&sent, &code, "canary_buttons", PASSWORD);
        let registered = finish(&v.vault, &new).await.unwrap();
        let signed_in = sign_in::by_password(&v.vault, &typed("canary_buttons"), &typed(PASSWORD), &here(), &nothing())
            .await
            .unwrap();
        assert_eq!(signed_in.member, *registered.member());
        refused(
            sign_in::by_password(&v.vault, &typed("canary_buttons"), &typed("Wrong-Canary-99"), &here(), &nothing())
                .await,
        );
        let canaries = [PASSWORD, "Wrong-Canary-99", "canary_buttons", "13877665544", signed_in.token.as_str()];
        assert_eq!(files_that_hold(v, &canaries), BTreeSet::new());
    });
}

/// 2.1.1-a.3: two members with one password have different hashes.
#[test]
fn one_password_of_two_members_rests_differently() {
    each(async |v| {
        register(&v.vault, "13800138001", "first_shop").await;
        register(&v.vault, "13800138002", "second_shop").await;
        assert_eq!(rows(&v.vault, "(select distinct password from member) as p", "1 = 1"), 2);
        assert_eq!(rows(&v.vault, "member", "password like '$argon2id$v=19$m=19456,t=2,p=1$%'"), 2);
    });
}

/// 2.1.1-a.1: the gateway gets the telephone and the code, and the member can read that it did.
#[test]
fn what_the_gateway_gets_is_in_the_ledger() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let to_send = sent.to_send.as_ref().unwrap();
        assert_eq!((to_send.phone.expose().as_str(), to_send.reason), ("+8613800138000", Reason::Register));
        let id = finish(&v.vault, &new_member(&sent, &code_of(&sent), "yiwu_buttons", PASSWORD)).await.unwrap();
        let id = id.member().id.clone();
        let readings =
            v.vault.data().read(move |read| Ok::<_, db::Stop<()>>(ledger::of(read, &id, None, 50)?)).await.unwrap();
        let given: Vec<&str> = readings
            .iter()
            .filter(|reading| reading.to.as_deref() == Some("SmsGateway"))
            .flat_map(|reading| reading.fields.iter().map(String::as_str))
            .collect();
        assert_eq!(given.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["MobilePhone", "VerificationCode"]));
        assert!(readings.iter().all(|reading| reading.purpose == "RegisterAccount"));
    });
}

/// Names are one name however they are cased or their letters are put together.
#[test]
fn a_name_is_taken_in_every_guise() {
    each(async |v| {
        register(&v.vault, "13800138000", "Yiwu_Buttons").await;
        for (phone, name) in [("13800138001", "YIWU_BUTTONS"), ("13800138002", "ｙｉｗｕ_Ｂｕｔｔｏｎｓ")] {
            let sent = send(&v.vault, phone).await;
            let mut new = new_member(&sent, &code_of(&sent), name, PASSWORD);
            assert_eq!(refused(finish(&v.vault, &new).await), Refused::NameTaken);
            // The code is still good: another name, and the account is open.
            new.name = entered(&format!("shop_of_{phone}"));
            finish(&v.vault, &new).await.unwrap();
        }
        assert_eq!(rows(&v.vault, "member", "1 = 1"), 3);
    });
}

/// Two register one name at once: exactly one comes through.
#[test]
fn of_two_with_one_name_exactly_one_registers() {
    each(async |v| {
        for round in 0..4 {
            let one = send(&v.vault, &format!("1380013801{round}")).await;
            let two = send(&v.vault, &format!("1380013802{round}")).await;
            let one = new_member(&one, &code_of(&one), &format!("Race_{round}"), PASSWORD);
            let two = new_member(&two, &code_of(&two), &format!("rACE_{round}"), PASSWORD);
            // The second asks through another process.
            let other = v.again();
            let (a, b) = tokio::join!(finish(&v.vault, &one), finish(&other, &two));
            assert_eq!(usize::from(is_ok(&a)) + usize::from(is_ok(&b)), 1, "{a:?} {b:?}");
            let lost = if a.is_ok() { b } else { a };
            assert_eq!(refused(lost), Refused::NameTaken);
            assert_eq!(rows(&v.vault, "member", "1 = 1"), round + 1);
        }
    });
}

/// A form sent twice at once makes one member; sent with two names, the name that lost is free again.
#[test]
fn a_form_sent_twice_makes_one_member() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let new = new_member(&sent, &code_of(&sent), "twice_sent", PASSWORD);
        let (a, b) = tokio::join!(finish(&v.vault, &new), finish(&v.vault, &new));
        assert_eq!(usize::from(is_ok(&a)) + usize::from(is_ok(&b)), 1, "{a:?} {b:?}");
        assert_eq!(refused(if a.is_ok() { b } else { a }), Refused::CodeExpired);
        sign_in::by_password(&v.vault, &typed("twice_sent"), &typed(PASSWORD), &here(), &nothing()).await.unwrap();

        let sent = send(&v.vault, "13800138001").await;
        let code = code_of(&sent);
        let (one, two) =
            (new_member(&sent, &code, "name_one", PASSWORD), new_member(&sent, &code, "name_two", PASSWORD));
        let (a, b) = tokio::join!(finish(&v.vault, &one), finish(&v.vault, &two));
        assert_eq!(usize::from(is_ok(&a)) + usize::from(is_ok(&b)), 1, "{a:?} {b:?}");
        let lost = if a.is_ok() { "name_two" } else { "name_one" };
        assert_eq!(v.vault.keys().find::<MemberName>(&entered(lost)).await.unwrap(), None);
        register(&v.vault, "13800138002", lost).await;
    });
}

/// Killed between the claims and the rows, a registration can be sent again with the same code; and whoever proves the
/// telephone anew need not wait.
#[test]
fn a_killed_registration_can_be_repeated() {
    each(async |v| {
        let killed = async |phone: &str, name: &str| {
            let sent = send(&v.vault, phone).await;
            let person = person_of(v, &sent.id).await;
            let data = v.vault.data();
            v.vault.keys().claim(data, &person, &entered::<policy::fields::MobilePhone>(phone)).await.unwrap().unwrap();
            v.vault.keys().claim(data, &person, &entered::<MemberName>(name)).await.unwrap().unwrap();
            sent
        };
        let sent = killed("13800138000", "killed_once").await;
        finish(&v.vault, &new_member(&sent, &code_of(&sent), "killed_once", PASSWORD)).await.unwrap();

        // The page is gone: a new code for the same telephone, and the old claim gives way at once, name and all.
        let old = killed("13800138001", "killed_twice").await;
        let sent = send(&v.vault, "13800138001").await;
        assert!(sent.to_send.as_ref().unwrap().code.is_some(), "nobody is a member with this number");
        finish(&v.vault, &new_member(&sent, &code_of(&sent), "killed_twice", PASSWORD)).await.unwrap();
        let late = finish(&v.vault, &new_member(&old, &code_of(&old), "killed_late", PASSWORD)).await;
        assert_eq!(refused(late), Refused::CodeExpired);

        // Somebody else wants the name of a registration that is under way: not before its code has run out.
        killed("13800138002", "killed_name").await;
        let sent = send(&v.vault, "13800138003").await;
        let mut new = new_member(&sent, &code_of(&sent), "killed_name", PASSWORD);
        assert_eq!(refused(finish(&v.vault, &new).await), Refused::NameTaken);
        move_clock(&v.vault, 12 * MINUTE);
        let sent = send(&v.vault, "13800138003").await;
        (new.code_id, new.code) = (sent.id.clone(), entered(&code_of(&sent)));
        finish(&v.vault, &new).await.unwrap();
        assert_eq!(rows(&v.vault, "member", "1 = 1"), 3);
    });
}

async fn person_of(v: &vault::testing::TestVault, code: &db::Id) -> db::Id {
    use diesel::prelude::*;
    use member::policy::one_time_code;
    let code = code.clone();
    v.vault
        .data()
        .read(move |read| {
            Ok::<_, db::Stop<()>>(one_time_code::table.find(&code).select(one_time_code::person).first(read.db)?)
        })
        .await
        .unwrap()
}

/// 2.1.1-a.4: a number that has an account gets the same page, a message that says so, and no second account.
#[test]
fn a_known_number_opens_no_second_account() {
    each(async |v| {
        register(&v.vault, "13800138000", "yiwu_buttons").await;
        let sent = send(&v.vault, "138 0013 8000").await;
        let to_send = sent.to_send.as_ref().unwrap();
        assert!(to_send.code.is_none());
        assert_eq!(to_send.phone.expose(), "+8613800138000");
        // The second page answers as for any other number.
        let unknown = send(&v.vault, "13800138999").await;
        let wrong = wrong_code_for(&code_of(&unknown));
        for (sent, left) in [(&sent, 4), (&unknown, 4), (&sent, 3), (&unknown, 3)] {
            let answer = finish(&v.vault, &new_member(sent, &wrong, "second_account", PASSWORD)).await;
            assert_eq!(refused(answer), Refused::WrongCode { left });
        }
        assert_eq!(rows(&v.vault, "member", "1 = 1"), 1);
    });
}

/// Two codes for one number, both typed in: the second to come finds the account that the first made.
#[test]
fn one_number_one_account() {
    each(async |v| {
        let (one, two) = (send(&v.vault, "13800138000").await, send(&v.vault, "13800138000").await);
        finish(&v.vault, &new_member(&one, &code_of(&one), "first_tab", PASSWORD)).await.unwrap();
        let second = finish(&v.vault, &new_member(&two, &code_of(&two), "second_tab", PASSWORD)).await;
        assert_eq!(refused(second), Refused::PhoneTaken);
        assert_eq!(v.vault.keys().find::<MemberName>(&entered("second_tab")).await.unwrap(), None);
    });
}

/// A password may not be or hold the member name, which everybody sees.
#[test]
fn a_password_with_the_name_in_it_is_refused() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let new = new_member(&sent, &code_of(&sent), "yiwu_buttons", "Yiwu_Buttons1");
        let answer = refused(finish(&v.vault, &new).await);
        assert_eq!((answer, answer.field()), (Refused::PasswordHoldsName, Some("password")));
    });
}

/// The page of one's own account: name, masked number, times; and who registered is let in without typing again.
#[test]
fn a_new_member_comes_in_and_sees_the_account() {
    each(async |v| {
        let sent = send(&v.vault, "13800138000").await;
        let registered = finish(&v.vault, &new_member(&sent, &code_of(&sent), "Yiwu_Buttons", PASSWORD)).await.unwrap();
        let before = v.vault.data().now();
        let id = registered.member().id.clone();
        let show = async || {
            let access =
                v.vault.access::<member::policy::SignIn>(&Actor::own(&id), std::slice::from_ref(&id)).await.unwrap();
            let id = id.clone();
            v.vault.data().read(move |read| member::account::own(read, &access, &id)).await.unwrap()
        };
        let own = show().await;
        assert!(own.last_login_at.is_none() && own.language.is_none());
        let signed_in = sign_in::after_registering(&v.vault, &registered, &nothing()).await.unwrap();
        assert_eq!(signed_in.member.id, id);
        let asked = id.clone();
        v.vault
            .data()
            .write(move |tx| {
                member::account::set_language::<()>(tx, &asked, Some(policy::Language::Zh))?;
                let later = member::registration::Agreement::of_box(true, EDITION + 1).unwrap();
                member::account::agree(tx, &asked, later)
            })
            .await
            .unwrap();
        let own = show().await;
        assert_eq!(own.name.look(), "Yiwu_Buttons");
        assert_eq!(own.phone.as_str(), "+86138****8000");
        assert!(*own.registered_at.look() <= before);
        assert!(*own.last_login_at.unwrap().look() >= *own.registered_at.look());
        assert_eq!((own.language, own.edition), (Some(policy::Language::Zh), EDITION + 1));
        assert_eq!(rows(&v.vault, "consent", "1 = 1"), 0, "0-a.6: agreeing to an edition is no consent");
    });
}

/// No telephone in two forms: `begin` takes what the field's rule made of it.
#[test]
fn one_number_is_counted_as_one() {
    each(async |v| {
        for typed in ["13800138000", "138-0013-8000", "+86 13800138000"] {
            begin(&v.vault, &entered(typed), &here()).await.unwrap();
        }
        let fourth = begin(&v.vault, &entered("0086 138 0013 8000"), &here()).await;
        assert!(matches!(refused(fourth), Refused::TooManyCodes { .. }));
    });
}
