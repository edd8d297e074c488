//! The vault's promises, on both engines.

// `policy::record!` names the crate.
extern crate db;

use db::{Failed, Id, Migrations, Stop, Tx};
use diesel::prelude::*;
use policy::fields::*;
use policy::recipients::*;
use policy::{Entered, Role, Typed, purpose, record};
use vault::testing::{TestVault, each_engine};
use vault::{
    Actor, Disclosed, Fresh, NoAccess, NotOpened, PersonKind, RowKey, Sealed, Standing, State, Vault, consent, ledger,
    person,
};

purpose! { KeepAddressBook {
    section "2.3.2", basis Consent,
    says "If you save addresses, you need not type them again." / "如您保存地址，下次无需再次填写。",
    requires [ConsigneeName, ConsigneePhone], accepts [], reads [],
    discloses [], roles [Own],
    keep [Removed + 0 Days => Delete],
    refusal "You type it each time." / "每次填写。",
} }

purpose! { PlaceOrder {
    section "2.3.2", basis Contract,
    says "We need the consignee." / "我们需要收货人信息。",
    requires [ConsigneeName, ConsigneePhone], accepts [], reads [],
    discloses [], roles [Own],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "No delivery." / "无法配送。",
} }

purpose! { Fulfil {
    section "3.5-1", basis Contract,
    says "The seller gets what is needed." / "卖家获得必需信息。",
    requires [], accepts [], reads [ConsigneeName, ConsigneePhone],
    discloses [Courier(ConsigneeName)], roles [Seller],
    keep [OrderCompleted + 90 Days => Restrict],
    refusal "Order elsewhere." / "可选择其他卖家。",
} }

purpose! { Duty {
    section "5.1", basis LegalObligation by "E-commerce Law 31" / "《电子商务法》第31条",
    says "The law has us keep it." / "法律要求保存。",
    requires [], accepts [], reads [ConsigneeName],
    discloses [], roles [Legal],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "Restricted." / "受限。",
} }

record! { parcel (id) of [person shred], keep [PlaceOrder] since at, refers [] {
    id: Text = "random id";
    person: Text = "random id";
    name: sealed ConsigneeName of person under Trade;
    phone: sealed ConsigneePhone of person;
    at: BigInt = "when";
} }

const CANARY: &str = "陈小明-Canary-77";
const PHONE: &str = "13800138000";

fn migrations() -> Vec<Migrations> {
    vec![vault::policy::migrations()]
}

fn each(test: impl Fn(&TestVault)) {
    each_engine(migrations, |v| {
        v.vault
            .data()
            .write_now(|tx| {
                diesel::sql_query(
                    "create table parcel (id text not null primary key, person text not null, name bytea not null, \
                     phone bytea not null, at bigint not null)",
                )
                .execute(tx.db)?;
                Ok::<_, Stop<()>>(())
            })
            .unwrap();
        test(&v);
    });
}

fn name() -> Entered<ConsigneeName> {
    Entered::parse(&Typed::new(CANARY)).unwrap()
}

fn phone() -> Entered<ConsigneePhone> {
    Entered::parse(&Typed::new(PHONE)).unwrap()
}

/// Begins a person with one parcel; returns both ids.
fn parcel_of(vault: &Vault) -> (Id, Id) {
    let fresh: Fresh = vault.keys().fresh_now().unwrap();
    let who = fresh.id().clone();
    let access = vault.access_now::<PlaceOrder>(&Actor::own(&who), &[]).unwrap().and_fresh([&fresh]);
    let id = vault
        .data()
        .write_now(move |tx| {
            fresh.begin(tx, PersonKind::Member)?;
            let id = tx.id();
            insert(tx, &access, fresh.id(), &id)?;
            Ok::<_, Stop<()>>(id)
        })
        .unwrap();
    (who, id)
}

fn insert(tx: &mut Tx, access: &vault::Access<PlaceOrder>, who: &Id, id: &Id) -> Result<(), Stop<()>> {
    let row = RowKey { person: who, id };
    let (n, p) = (access.seal(tx, parcel::name, &row, &name())?, access.seal(tx, parcel::phone, &row, &phone())?);
    let at = tx.now;
    diesel::insert_into(parcel::table)
        .values((
            parcel::id.eq(id.as_str()),
            parcel::person.eq(who.as_str()),
            parcel::name.eq(n),
            parcel::phone.eq(p),
            parcel::at.eq(at),
        ))
        .execute(tx.db)?;
    Ok(())
}

/// Reads the parcel's name as the seller of it.
fn read_name(vault: &Vault, actor: &Actor, who: &Id, id: &Id) -> Result<String, Failed<NotOpened>> {
    let access = vault.access_now::<Fulfil>(actor, std::slice::from_ref(who)).expect("access");
    let (who, id) = (who.clone(), id.clone());
    vault.data().read_now(move |r| {
        let name: Sealed<parcel::name> = parcel::table.find(id.as_str()).select(parcel::name).first(r.db)?;
        let opened = name.open(&access, r, &RowKey { person: &who, id: &id }).map_err(Stop::Refused)?;
        Ok(opened.look().clone())
    })
}

fn seller() -> Actor {
    Actor::seller(&Id::fresh(), &Id::fresh())
}

/// 5.3.1-a.1, 4.1: what is sealed opens again for who may, also in another process, and leaves a line for its owner.
#[test]
fn a_sealed_value_opens_and_leaves_a_line_in_the_ledger() {
    each(|v| {
        let (who, id) = parcel_of(&v.vault);
        let actor = seller();
        assert_eq!(read_name(&v.vault, &actor, &who, &id).unwrap(), CANARY);
        assert_eq!(read_name(&v.again(), &actor, &who, &id).unwrap(), CANARY);

        let person = who.clone();
        let readings = v.vault.data().read_now(move |r| Ok::<_, Stop<()>>(ledger::of(r, &person, None, 50)?)).unwrap();
        assert_eq!(readings.len(), 2);
        for reading in &readings {
            assert_eq!(reading.role(), Some(Role::Seller));
            assert_eq!(reading.who, actor.who);
            assert_eq!(reading.shop, actor.shop);
            assert_eq!(reading.purpose, "Fulfil");
            assert_eq!(reading.fields, ["ConsigneeName"]);
            assert_eq!(reading.about, id);
            assert_eq!(reading.to, None);
        }
        // The index by person says the same as the blocks did.
        while v.vault.data().write_now(|tx| ledger::index_some::<()>(tx, 1)).unwrap() {}
        let person = who.clone();
        let indexed = v.vault.data().read_now(move |r| Ok::<_, Stop<()>>(ledger::of(r, &person, None, 50)?)).unwrap();
        assert_eq!(indexed, readings);
        let other = Id::fresh();
        let none = v.vault.data().read_now(move |r| Ok::<_, Stop<()>>(ledger::of(r, &other, None, 50)?)).unwrap();
        assert!(none.is_empty());
        v.vault
            .data()
            .write_now(|tx| {
                db::ledger::verify(tx.db).unwrap();
                Ok::<_, Stop<()>>(())
            })
            .unwrap();
    });
}

/// 4.1: turning the pages of one's readings loses none and shows none twice, though many bear one time and half of them
/// are not in the index yet.
#[test]
fn pages_of_readings_meet_without_a_gap() {
    each(|v| {
        let (who, first) = parcel_of(&v.vault);
        let access = v.vault.access_now::<PlaceOrder>(&Actor::own(&who), std::slice::from_ref(&who)).unwrap();
        let person = who.clone();
        let mut ids = v
            .vault
            .data()
            .write_now(move |tx| {
                let more: Vec<Id> = (0..6).map(|_| tx.id()).collect();
                for id in &more {
                    insert(tx, &access, &person, id)?;
                }
                Ok::<_, Stop<()>>(more)
            })
            .unwrap();
        ids.push(first);
        let look_at_all = || {
            let access = v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&who)).unwrap();
            let (person, ids) = (who.clone(), ids.clone());
            v.vault
                .data()
                .read_now(move |r| {
                    for id in &ids {
                        let name: Sealed<parcel::name> =
                            parcel::table.find(id.as_str()).select(parcel::name).first(r.db)?;
                        name.open(&access, r, &RowKey { person: &person, id }).map_err(Stop::Refused)?;
                    }
                    Ok::<_, Stop<NotOpened>>(())
                })
                .unwrap();
        };
        let of = |after: Option<ledger::Place>, limit| {
            let person = who.clone();
            let asked = move |r: &mut db::Read| Ok::<_, Stop<()>>(ledger::of(r, &person, after.as_ref(), limit)?);
            v.vault.data().read_now(asked).unwrap()
        };
        let pages = |limit: usize| {
            let mut turned = of(None, limit);
            let mut last = turned.last().map(ledger::Reading::place);
            while let Some(place) = last {
                let place = ledger::Place::parse(&place.to_string()).unwrap();
                let page = of(Some(place), limit);
                last = page.last().map(ledger::Reading::place);
                turned.extend(page);
            }
            turned
        };
        look_at_all();
        assert_eq!(pages(3), of(None, 100), "none of it is in the index");
        while v.vault.data().write_now(|tx| ledger::index_some::<()>(tx, 1)).unwrap() {}
        look_at_all();
        let whole = of(None, 100);
        assert_eq!(whole.len(), 14);
        let times: std::collections::BTreeSet<i64> = whole.iter().map(|reading| reading.at).collect();
        assert_eq!(times.len(), 2);
        for limit in [1, 3, 5, 14] {
            assert_eq!(pages(limit), whole, "{limit} to a page");
        }
        assert_eq!(ledger::Place::parse("17"), None);
        assert_eq!(ledger::Place::parse("17.a' or 1=1"), None);
    });
}

/// Several fields of one row in one command are one line.
#[test]
fn one_look_is_one_line() {
    each(|v| {
        let (who, id) = parcel_of(&v.vault);
        let access = v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&who)).unwrap();
        let (w, i) = (who.clone(), id.clone());
        v.vault
            .data()
            .read_now(move |r| {
                let (n, p): (Sealed<parcel::name>, Sealed<parcel::phone>) =
                    parcel::table.find(i.as_str()).select((parcel::name, parcel::phone)).first(r.db)?;
                let row = RowKey { person: &w, id: &i };
                let name = n.open(&access, r, &row).map_err(Stop::Refused)?;
                p.open(&access, r, &row).map_err(Stop::Refused)?;
                n.open(&access, r, &row).map_err(Stop::Refused)?;
                let given = name.disclose::<Courier>(r);
                assert_eq!(given.expose(), CANARY);
                Ok::<_, Stop<NotOpened>>(())
            })
            .unwrap();
        let lines = v.vault.data().read_now(move |r| Ok::<_, Stop<()>>(ledger::of(r, &who, None, 50)?)).unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
        let read = lines.iter().find(|l| l.to.is_none()).unwrap();
        assert_eq!(read.fields, ["ConsigneeName", "ConsigneePhone"]);
        let given = lines.iter().find(|l| l.to.is_some()).unwrap();
        assert_eq!(
            (given.to.as_deref(), given.fields.as_slice()),
            (Some("Courier"), &["ConsigneeName".to_owned()][..])
        );
    });
}

/// 5.3.1-a.1: a ciphertext moved to another row, of the same person even, does not open.
#[test]
fn a_moved_ciphertext_does_not_open() {
    each(|v| {
        let (who, id) = parcel_of(&v.vault);
        let (other, other_id) = parcel_of(&v.vault);
        let (from, to) = (id.clone(), other_id.clone());
        v.vault
            .data()
            .write_now(move |tx| {
                let bytes: Sealed<parcel::name> =
                    parcel::table.find(from.as_str()).select(parcel::name).first(tx.db)?;
                diesel::update(parcel::table.find(to.as_str())).set(parcel::name.eq(bytes)).execute(tx.db)?;
                Ok::<_, Stop<()>>(())
            })
            .unwrap();
        let moved = read_name(&v.vault, &seller(), &other, &other_id);
        assert!(matches!(moved, Err(Failed::Refused(NotOpened::Broken))), "{moved:?}");
        // The same person's key, another row.
        let (w, i) = (who.clone(), id.clone());
        let access = v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&who)).unwrap();
        let again = v.vault.data().read_now(move |r| {
            let bytes: Sealed<parcel::name> = parcel::table.find(i.as_str()).select(parcel::name).first(r.db)?;
            bytes.open(&access, r, &RowKey { person: &w, id: &Id::fresh() }).map_err(Stop::Refused).map(|_| ())
        });
        assert!(matches!(again, Err(Failed::Refused(NotOpened::Broken))));
        assert_eq!(read_name(&v.vault, &seller(), &who, &id).unwrap(), CANARY);
    });
}

/// 0-a.7, 4.4-a.4: a purpose that rests on consent is closed until it is given and from the moment it is withdrawn,
/// also to an access that was prepared before.
#[test]
fn consent_opens_and_closes() {
    each(|v| {
        let (who, _) = parcel_of(&v.vault);
        let own = Actor::own(&who);
        let closed = v.vault.access_now::<KeepAddressBook>(&own, std::slice::from_ref(&who));
        assert!(matches!(closed, Err(NoAccess::NoConsent { purpose: "KeepAddressBook" })));
        let shown = consent::Shown { edition: 1, notice: "digest".into(), way: "test" };
        let person = who.clone();
        v.vault.data().write_now(move |tx| consent::grant::<KeepAddressBook, ()>(tx, &person, &shown)).unwrap();
        let access = v.vault.access_now::<KeepAddressBook>(&own, std::slice::from_ref(&who)).unwrap();
        let person = who.clone();
        assert!(v.vault.data().write_now(move |tx| consent::withdraw::<KeepAddressBook, ()>(tx, &person)).unwrap());
        let person = who.clone();
        let late = v.vault.data().write_now(move |tx| {
            let id = tx.id();
            access.seal(tx, parcel::name, &RowKey { person: &person, id: &id }, &name())?;
            Ok::<_, Stop<()>>(())
        });
        assert!(matches!(late, Err(Failed::Changed)), "{late:?}");
        let closed = v.vault.access_now::<KeepAddressBook>(&own, std::slice::from_ref(&who));
        assert!(matches!(closed, Err(NoAccess::NoConsent { .. })));
        let record = v.vault.data().read_now(move |r| Ok::<_, Stop<()>>(consent::of(r, &who)?)).unwrap();
        assert_eq!(record.len(), 1);
        assert!(record[0].withdrawn_at.is_some());
    });
}

/// 4.3-d.2, 4.5-a.2: restricted data open for a legal duty only; erased data for nobody, though a process holds the key.
#[test]
fn restriction_and_erasure_reach_a_cached_key() {
    each(|v| {
        let (who, id) = parcel_of(&v.vault);
        let held = v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&who)).unwrap();
        let person = who.clone();
        v.vault.data().write_now(move |tx| person::set_state::<()>(tx, &person, State::Restricted)).unwrap();
        assert!(matches!(
            v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&who)),
            Err(NoAccess::Restricted)
        ));
        v.vault.access_now::<Duty>(&Actor::staff(&Id::fresh(), Role::Legal), std::slice::from_ref(&who)).unwrap();
        let (w, i) = (who.clone(), id.clone());
        let late = v.vault.data().read_now(move |r| {
            let bytes: Sealed<parcel::name> = parcel::table.find(i.as_str()).select(parcel::name).first(r.db)?;
            bytes.open(&held, r, &RowKey { person: &w, id: &i }).map_err(Stop::Refused).map(|_| ())
        });
        assert!(matches!(late, Err(Failed::Changed)), "{late:?}");
        let person = who.clone();
        v.vault.data().write_now(move |tx| person::set_state::<()>(tx, &person, State::Erased)).unwrap();
        v.vault.keys().destroy_now(&who, policy::Duty::Account).unwrap();
        v.vault.keys().destroy_now(&who, policy::Duty::Trade).unwrap();
        assert!(matches!(
            v.vault.access_now::<Duty>(&Actor::staff(&Id::fresh(), Role::Legal), std::slice::from_ref(&who)),
            Err(NoAccess::Gone)
        ));
    });
}

/// A state that was found beside something else opens what is the actor's own, and no longer than it lasts.
#[test]
fn a_state_found_before_is_compared_like_one_that_was_looked_at() {
    each(|v| {
        let (me, _) = parcel_of(&v.vault);
        let (other, _) = parcel_of(&v.vault);
        let set = |who: &Id, state| {
            let who = who.clone();
            v.vault.data().write_now(move |tx| person::set_state::<()>(tx, &who, state)).unwrap();
        };
        let found = |who: &Id| -> Option<Standing> {
            use vault::policy::person;
            let query = person::table.find(who.as_str().to_owned()).select((person::state, person::version));
            let row = v.vault.data().read_now(move |r| Ok::<(String, i64), Stop<()>>(query.first(r.db)?)).unwrap();
            Some(Standing::of(&row.0, row.1))
        };
        let access = |of: &Id, standing| {
            v.vault.access_now::<PlaceOrder>(&Actor::own(&me).standing(standing), std::slice::from_ref(of))
        };
        let seals = |access: vault::Access<PlaceOrder>| {
            let me = me.clone();
            v.vault.data().write_now(move |tx| {
                let id = tx.id();
                insert(tx, &access, &me, &id)
            })
        };
        let open = found(&me);
        seals(access(&me, open).unwrap()).unwrap();
        set(&me, State::Restricted);
        let late = seals(access(&me, open).unwrap());
        assert!(matches!(late, Err(Failed::Changed)), "{late:?}");
        let seen = access(&me, found(&me));
        assert!(matches!(seen, Err(NoAccess::Restricted)), "{seen:?}");

        // One's own state says nothing of somebody else's, nor of a consent.
        set(&other, State::Restricted);
        let of_other = access(&other, open);
        assert!(matches!(of_other, Err(NoAccess::Restricted)), "{of_other:?}");
        let me = Actor::own(&other).standing(open);
        let asked = v.vault.access_now::<KeepAddressBook>(&me, std::slice::from_ref(&other));
        assert!(matches!(asked, Err(NoAccess::Restricted)), "{asked:?}");
    });
}

/// 3.1.1-a.1: what only passes through is given on no other terms than what was sealed.
#[test]
fn nothing_passes_for_somebody_whom_the_access_does_not_cover() {
    each(|v| {
        let ((one, parcel), (other, _)) = (parcel_of(&v.vault), parcel_of(&v.vault));
        let access = v.vault.access_now::<Fulfil>(&seller(), std::slice::from_ref(&one)).unwrap();
        let passed = |whose: &Id| {
            let (access, whose, parcel) = (access.clone(), whose.clone(), parcel.clone());
            v.vault.data().read_now(move |r| {
                let given = Disclosed::<Courier, ConsigneeName>::passing(&access, r, &whose, &parcel, &name());
                given.map(drop).map_err(Stop::Refused)
            })
        };
        passed(&one).unwrap();
        assert!(matches!(passed(&other), Err(Failed::Refused(NotOpened::NoKey))));
        // Between the look and the use the person was restricted: the reading is done again, and refused.
        v.vault
            .data()
            .write_now({
                let one = one.clone();
                move |tx| person::set_state::<()>(tx, &one, State::Restricted)
            })
            .unwrap();
        assert!(passed(&one).is_err());
    });
}

/// The policy names who may act for a purpose; another role is refused before anything is read.
#[test]
fn a_role_that_is_not_named_gets_nothing() {
    each(|v| {
        let (who, _) = parcel_of(&v.vault);
        let agent = Actor::staff(&Id::fresh(), Role::Agent);
        let refused = v.vault.access_now::<Fulfil>(&agent, std::slice::from_ref(&who));
        assert!(matches!(refused, Err(NoAccess::Role { role: Role::Agent, .. })));
        let operator = Actor::staff(&Id::fresh(), Role::Operator);
        assert!(v.vault.access_now::<Fulfil>(&operator, &[who]).is_err());
    });
}

/// A value found by blind index is one person's only, and two claims at once have one winner.
#[test]
fn blind_index_claims() {
    each(|v| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let name: Entered<MemberName> = Entered::parse(&Typed::new("yiwu_buttons")).unwrap();
        let (who, _) = parcel_of(&v.vault);
        let (other, _) = parcel_of(&v.vault);
        runtime.block_on(async {
            let keys = v.vault.keys();
            assert_eq!(keys.find(&name).await.unwrap(), None);
            assert_eq!(keys.claim(v.vault.data(), &who, &name).await.unwrap(), Ok(()));
            assert_eq!(keys.claim(v.vault.data(), &who, &name).await.unwrap(), Ok(()));
            assert_eq!(keys.claim(v.vault.data(), &other, &name).await.unwrap(), Err(vault::Taken));
            assert_eq!(keys.find(&name).await.unwrap().as_ref(), Some(&who));
            keys.release(&who, &name).await.unwrap();
            let racers = (0..8).map(|i| {
                let (vault, name) = (v.vault.clone(), name.clone());
                let me = if i % 2 == 0 { who.clone() } else { other.clone() };
                tokio::spawn(async move { (me.clone(), vault.keys().claim(vault.data(), &me, &name).await.unwrap()) })
            });
            let mut winners = std::collections::HashSet::new();
            for racer in racers.collect::<Vec<_>>() {
                let (me, claim) = racer.await.unwrap();
                if claim.is_ok() {
                    winners.insert(me);
                }
            }
            assert_eq!(winners.len(), 1);
        });
    });
}

/// 5.3.1-a.1: neither data nor key store hold the value in the clear; the epoch's key is in neither.
#[test]
fn no_clear_text_in_any_file() {
    let v = TestVault::open(db::Engine::Sqlite, migrations);
    v.vault
        .data()
        .write_now(|tx| {
            diesel::sql_query("create table parcel (id text not null primary key, person text not null, name bytea not null, phone bytea not null, at bigint not null)")
                .execute(tx.db)?;
            Ok::<_, Stop<()>>(())
        })
        .unwrap();
    let (who, id) = parcel_of(&v.vault);
    assert_eq!(read_name(&v.vault, &seller(), &who, &id).unwrap(), CANARY);
    let epoch = std::fs::read_to_string(v.keys.folder.join("epoch-1.key")).unwrap();
    use base64::Engine as _;
    let epoch_bytes = base64::engine::general_purpose::STANDARD.decode(epoch.trim()).unwrap();
    let mut files = 0;
    for folder in [&v.data.folder, &v.keys.folder] {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
            if entry.extension().is_some_and(|e| e == "key") {
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&entry).unwrap();
            for canary in [CANARY.as_bytes(), b"13800138000", b"8613800138000", epoch.trim().as_bytes(), &epoch_bytes] {
                assert!(!bytes.windows(canary.len()).any(|w| w == canary), "clear text in {}", entry.display());
            }
        }
    }
    assert!(files >= 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(v.keys.folder.join("epoch-1.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may read the epoch's key");
    }
}

/// Data and key store are a pair: a stranger's key store, an empty one and another epoch's key are refused.
#[test]
fn only_the_pair_opens() {
    each(|v| {
        parcel_of(&v.vault);
        let stranger = TestVault::open(v.data.engine, migrations);
        let keys = vault::KeyStore::open(stranger.keys.again(), &stranger.keys.folder).unwrap();
        assert!(matches!(Vault::open(v.data.again(), keys), Err(vault::keys::KeysError::NotAPair(_))));
        let wrong = vault::KeyStore::open(v.keys.again(), &stranger.keys.folder);
        assert!(matches!(wrong, Err(vault::keys::KeysError::EpochKey { .. })));
    });
}

/// The people of a page cost two queries, and a fresh person of the pool has keys on disk before the row.
#[test]
fn fresh_people_have_their_keys_on_disk() {
    each(|v| {
        let fresh = v.vault.keys().fresh_now().unwrap();
        let id = fresh.id().to_string();
        let n: i64 = v
            .keys
            .db
            .read_now(move |r| {
                use vault::policy::key_store::person_key;
                Ok::<_, Stop<()>>(person_key::table.filter(person_key::person.eq(&id)).count().get_result(r.db)?)
            })
            .unwrap();
        assert_eq!(n, policy::Duty::ALL.len() as i64);
    });
}
