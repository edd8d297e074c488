//! The key store's own life, on both engines: epochs that end, indexes that are renewed, copies that fit or do not.

// `policy::record!` names the crate.
extern crate db;

use db::{Failed, Id, Migrations, Stop};
use diesel::prelude::*;
use policy::fields::*;
use policy::{Entered, Purpose, Typed, purpose, record};
use std::path::{Path, PathBuf};
use vault::keys::{self, KeysError};
use vault::policy::key_store::{blind_mark, epoch, house_key, person_key};
use vault::testing::{TestVault, each_engine};
use vault::{Actor, Fresh, KeyStore, NotOpened, PersonKind, RowKey, Sealed, Taken, Vault};

purpose! { Keep {
    section "2.1.1", basis Contract,
    says "We keep it." / "我们保存。",
    requires [ConsigneeName], accepts [], reads [],
    discloses [], roles [Own],
    keep [Removed + 0 Days => Delete],
    refusal "None." / "无。",
} }

record! { parcel (id) of [person shred], keep [Keep] since at, refers [] {
    id: Text = "random id"; person: Text = "random id"; name: sealed ConsigneeName of person; at: BigInt = "when";
} }

fn migrations() -> Vec<Migrations> {
    vec![vault::policy::migrations()]
}

fn each(test: impl Fn(&TestVault)) {
    assert_eq!(Keep::INFO.id, "Keep");
    each_engine(migrations, |v| {
        let made = v.vault.data().write_now(|tx| {
            let sql = "create table parcel (id text not null primary key, person text not null, name bytea not null, \
                       at bigint not null)";
            diesel::sql_query(sql).execute(tx.db)?;
            Ok::<_, Stop<()>>(())
        });
        made.unwrap();
        test(&v);
    });
}

/// A person with one sealed name.
fn somebody(vault: &Vault, name: &str) -> (Id, Id) {
    let fresh: Fresh = vault.keys().fresh_now().unwrap();
    let who = fresh.id().clone();
    let access = vault.access_now::<Keep>(&Actor::own(&who), &[]).unwrap().and_fresh([&fresh]);
    let name = name.to_owned();
    let written = vault.data().write_now(move |tx| {
        fresh.begin(tx, PersonKind::Member)?;
        let (id, at) = (tx.id(), tx.now);
        let name = Entered::<ConsigneeName>::parse(&Typed::new(&name)).unwrap();
        let sealed = access.seal(tx, parcel::name, &RowKey { person: fresh.id(), id: &id }, &name)?;
        diesel::insert_into(parcel::table)
            .values((
                parcel::id.eq(id.as_str()),
                parcel::person.eq(fresh.id().as_str()),
                parcel::name.eq(&sealed),
                parcel::at.eq(at),
            ))
            .execute(tx.db)?;
        Ok::<_, Stop<()>>(id)
    });
    (who, written.unwrap())
}

fn name_of(vault: &Vault, who: &Id, id: &Id) -> Result<String, Failed<NotOpened>> {
    let access = vault.access_now::<Keep>(&Actor::own(who), std::slice::from_ref(who)).unwrap();
    let (who, id) = (who.clone(), id.clone());
    vault.data().read_now(move |r| {
        let sealed: Sealed<parcel::name> = parcel::table.find(id.as_str()).select(parcel::name).first(r.db)?;
        let opened = sealed.open(&access, r, &RowKey { person: &who, id: &id }).map_err(Stop::Refused)?;
        Ok(opened.look().clone())
    })
}

fn epochs_in_use(vault: &Vault) -> Vec<i64> {
    let read = vault.keys().database().read_now(|r| {
        let mut all: Vec<i64> = person_key::table.select(person_key::epoch).distinct().load(r.db)?;
        all.extend(house_key::table.select(house_key::epoch).distinct().load::<i64>(r.db)?);
        all.sort();
        all.dedup();
        Ok::<_, Stop<()>>(all)
    });
    read.unwrap()
}

fn file(v: &TestVault, number: i64) -> PathBuf {
    v.keys.folder.join(format!("epoch-{number}.key"))
}

fn copies(v: &TestVault, name: &str) -> PathBuf {
    v.keys.folder.join(name)
}

fn phone(n: u32) -> Entered<MobilePhone> {
    Entered::parse(&Typed::new(format!("1380013{n:04}"))).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// 5.3.1-a.3: after an epoch's end everything opens as before, nothing rests under the old key, and its file is gone; a
/// process that has not heard of it is refused once, reads the new key, and goes on.
#[test]
fn an_epoch_ends_under_processes_that_serve() {
    each(|v| {
        let (who, id) = somebody(&v.vault, "Wang Fang");
        block_on(v.vault.keys().claim(v.vault.data(), &who, &phone(1))).unwrap().unwrap();
        let other = v.again();
        assert_eq!(name_of(&other, &who, &id).unwrap(), "Wang Fang");
        let renewed = v.vault.keys().renew_epoch(&copies(v, "one"), &mut |_| ()).unwrap();
        assert_eq!(renewed.epoch, 2);
        assert!(renewed.wrapped >= 512 * 3, "{renewed:?}");
        assert_eq!(epochs_in_use(&v.vault), [2]);
        assert!(!file(v, 1).exists() && file(v, 2).exists());
        // The other process holds epoch 1 as the current one; its pool is empty, so that it must write.
        assert_eq!(other.keys().epoch(), 1);
        let (theirs, row) = somebody(&other, "Li Na");
        assert_eq!(other.keys().epoch(), 2);
        assert_eq!(epochs_in_use(&v.vault), [2]);
        for vault in [&v.vault, &other, &v.again()] {
            assert_eq!(name_of(vault, &who, &id).unwrap(), "Wang Fang");
            assert_eq!(name_of(vault, &theirs, &row).unwrap(), "Li Na");
            assert_eq!(block_on(vault.keys().find(&phone(1))).unwrap(), Some(who.clone()));
        }
    });
}

/// A renewal that stops anywhere before its end keeps the old key, and the next call ends the same renewal.
#[test]
fn an_interrupted_renewal_is_taken_up() {
    each(|v| {
        let (who, id) = somebody(&v.vault, "Wang Fang");
        // A folder that has a copy already stops it after everything was wrapped anew.
        v.vault.keys().renew_epoch(&copies(v, "first"), &mut |_| ()).unwrap();
        let stopped = v.vault.keys().renew_epoch(&copies(v, "first"), &mut |_| ());
        assert!(matches!(stopped, Err(KeysError::Copy(_))), "{stopped:?}");
        assert!(file(v, 2).exists() && file(v, 3).exists(), "no key goes before a copy is verified");
        let (theirs, row) = somebody(&v.again(), "Li Na");
        let renewed = v.again().keys().renew_epoch(&copies(v, "second"), &mut |_| ()).unwrap();
        assert_eq!(renewed.epoch, 3, "no further epoch was begun");
        assert!(!file(v, 2).exists());
        assert_eq!(name_of(&v.again(), &who, &id).unwrap(), "Wang Fang");
        assert_eq!(name_of(&v.again(), &theirs, &row).unwrap(), "Li Na");
    });
}

/// 4.3-a: who is erased before an epoch's end is not brought back by any copy from before, once the epoch is over.
#[test]
fn a_copy_from_an_ended_epoch_opens_nothing() {
    each(|v| {
        let (who, _) = somebody(&v.vault, "Wang Fang");
        let before = v.vault.keys().copy(&copies(v, "before")).unwrap();
        assert_eq!(before.epochs, [1]);
        v.vault.keys().destroy_now(&who, policy::Duty::Account).unwrap();
        v.vault.keys().renew_epoch(&copies(v, "after"), &mut |_| ()).unwrap();
        let empty = empty_store(v, "restored");
        let restored = keys::restore(&copies(v, "before"), &empty.0, v.vault.data());
        assert!(matches!(restored, Err(KeysError::NotAPair(_))), "{restored:?}");
        // Forced open it would need the key of epoch 1, which is no more.
        assert!(!file(v, 1).exists());
        empty.0.close();
    });
}

/// An empty key store on SQLite, in a folder that has the epochs' keys.
fn empty_store(v: &TestVault, name: &str) -> (db::Database, PathBuf) {
    let folder = v.keys.folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(&v.keys.folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.extension().is_some_and(|e| e == "key") {
            std::fs::copy(&entry, folder.join(entry.file_name().unwrap())).unwrap();
        }
    }
    let mut options = db::Options::new(db::Address::Sqlite(folder.join("keys.sqlite")), folder.join("none"));
    options.migrations = vec![vault::policy::key_migrations()];
    (db::Database::open(options).unwrap(), folder)
}

/// A verified copy fills an empty store, and everything opens and is found; one older than the data is refused.
#[test]
fn a_copy_is_restored_unless_it_is_older_than_the_data() {
    each(|v| {
        let (who, id) = somebody(&v.vault, "Wang Fang");
        block_on(v.vault.keys().claim(v.vault.data(), &who, &phone(1))).unwrap().unwrap();
        let copied = v.vault.keys().copy(&copies(v, "copy")).unwrap();
        assert_eq!(keys::verify(&copies(v, "copy")).unwrap(), copied);
        let (store, folder) = empty_store(v, "restored");
        assert_eq!(keys::restore(&copies(v, "copy"), &store, v.vault.data()).unwrap().digest, copied.digest);
        let again = keys::restore(&copies(v, "copy"), &store, v.vault.data());
        assert!(matches!(again, Err(KeysError::Copy(_))), "it is not empty any more: {again:?}");
        let restored = Vault::open(v.data.again(), KeyStore::open(store, &folder).unwrap()).unwrap();
        assert_eq!(name_of(&restored, &who, &id).unwrap(), "Wang Fang");
        assert_eq!(block_on(restored.keys().find(&phone(1))).unwrap(), Some(who.clone()));
        // Whoever is found by something new: the copy does not know it.
        block_on(v.vault.keys().claim(v.vault.data(), &who, &phone(2))).unwrap().unwrap();
        let (store, _) = empty_store(v, "knows-less");
        let refused = keys::restore(&copies(v, "copy"), &store, v.vault.data());
        assert!(matches!(refused, Err(KeysError::NotAPair(_))), "{refused:?}");
        v.vault.keys().copy(&copies(v, "copy-2")).unwrap();
        // New people's keys move the generation on: the copy does not have them.
        somebody(&v.again(), "Li Na");
        let (store, _) = empty_store(v, "too-old");
        let refused = keys::restore(&copies(v, "copy-2"), &store, v.vault.data());
        assert!(matches!(refused, Err(KeysError::NotAPair(_))), "{refused:?}");
        let rows = store.read_now(|r| Ok::<_, Stop<()>>(person_key::table.count().get_result::<i64>(r.db)?));
        assert_eq!(rows.unwrap(), 0, "a refused restore changes nothing");
    });
}

#[test]
fn a_changed_copy_is_seen() {
    each(|v| {
        somebody(&v.vault, "Wang Fang");
        let copied = v.vault.keys().copy(&copies(v, "copy")).unwrap();
        change(&copies(v, "copy"));
        assert_ne!(keys::verify(&copies(v, "copy")).unwrap().digest, copied.digest);
    });
}

fn change(folder: &Path) {
    let mut options = db::Options::new(db::Address::Sqlite(folder.join("keys-copy.sqlite")), folder.join("none"));
    options.migrations = vec![vault::policy::key_migrations()];
    let copy = db::Database::open(options).unwrap();
    let changed =
        copy.write_now(|tx| Ok::<_, Stop<()>>(diesel::update(epoch::table).set(epoch::begun_at.eq(1)).execute(tx.db)?));
    assert_eq!(changed.unwrap(), 1);
    copy.close();
}

/// 5.1-b: while an index is renewed everybody is found and no value is claimed twice, by processes that know of it and
/// by those that do not; at the end the old key is gone, unless it still finds somebody.
#[test]
fn an_index_is_renewed_under_processes_that_serve() {
    each(|v| {
        let (keys, data) = (v.vault.keys().clone(), v.vault.data().clone());
        let (one, _) = somebody(&v.vault, "One");
        let (two, _) = somebody(&v.vault, "Two");
        let (three, _) = somebody(&v.vault, "Three");
        let other = v.again();
        block_on(async {
            for (n, who) in [(1, &one), (2, &two)] {
                keys.claim(&data, who, &phone(n)).await.unwrap().unwrap();
            }
            assert_eq!(other.keys().find(&phone(1)).await.unwrap(), Some(one.clone()));
            keys.begin_index::<MobilePhone>().await.unwrap();
            keys.begin_index::<MobilePhone>().await.unwrap();
            for store in [&keys, other.keys()] {
                assert_eq!(store.find(&phone(1)).await.unwrap(), Some(one.clone()));
                assert_eq!(store.claim(&data, &three, &phone(2)).await.unwrap(), Err(Taken));
            }
            keys.mark_anew(&one, &phone(1)).await.unwrap();
            for store in [&keys, other.keys()] {
                assert_eq!(store.find(&phone(1)).await.unwrap(), Some(one.clone()));
                assert_eq!(store.claim(&data, &three, &phone(1)).await.unwrap(), Err(Taken));
            }
            // The other process claims under the new key, too.
            other.keys().claim(&data, &three, &phone(3)).await.unwrap().unwrap();
            assert_eq!(keys.end_index::<MobilePhone>(&data).await.unwrap(), 1, "two is still found by the old key");
            assert_eq!(other.keys().find(&phone(2)).await.unwrap(), Some(two.clone()));
            keys.mark_anew(&two, &phone(2)).await.unwrap();
            assert_eq!(keys.end_index::<MobilePhone>(&data).await.unwrap(), 0);
            for (n, who) in [(1, &one), (2, &two), (3, &three)] {
                assert_eq!(other.keys().find(&phone(n)).await.unwrap().as_ref(), Some(who));
            }
            other.keys().release(&three, &phone(3)).await.unwrap();
            assert_eq!(keys.find(&phone(3)).await.unwrap(), None);
        });
        let names = v.vault.keys().database().read_now(|r| {
            let names: Vec<String> =
                house_key::table.filter(house_key::name.like("MobilePhone%")).select(house_key::name).load(r.db)?;
            let marks: Vec<String> = blind_mark::table.select(blind_mark::made_by).distinct().load(r.db)?;
            Ok::<_, Stop<()>>((names, marks))
        });
        assert_eq!(names.unwrap(), (vec!["MobilePhone#2".to_owned()], vec!["MobilePhone#2".to_owned()]));
    });
}
