//! That the index is what the catalogue is: by events, after a kill, and when it has to be built anew.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use catalogue::shop::Decision;
use db::{Address, Database, Event, Options};
use diesel::prelude::*;
use discovery::{Compared, Follower, Index, IndexError, Query, Sort, catch_up, compare, rebuild};

use crate::support::{GOODS, Goods, Market, SOON, each, ids, migrations, titles, until, words};

fn cup(title: &'static str) -> Goods {
    Goods { title: (title, "杯"), ..GOODS }
}

#[test]
fn what_is_published_can_be_found_soon_and_what_is_taken_down_cannot() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(Index::open(folder.path()).unwrap());
        let follower = Follower::start(market.db().clone(), index.clone());
        until("begins", || index.position() == market.last_position());
        let found = |typed: &str| index.search(&words(typed)).total;

        let id = market.publish(&seller, cup("Tall cup"));
        until("published", || found("tall") == 1);
        // Within a second. A machine may be busy for once with something else; it is not at each of ten changes.
        let quickest = (0..10).map(|n| {
            let began = Instant::now();
            market.edit(&seller, &id, 1 + n, cup(["Thin cup", "Tall cup"][n as usize % 2]));
            until("edited", || found(["thin", "tall"][n as usize % 2]) == 1);
            began.elapsed()
        });
        let quickest = quickest.min().unwrap();
        assert!(quickest < Duration::from_secs(1), "{quickest:?}");

        market.edit(&seller, &id, 11, cup("Flat cup"));
        until("edited", || found("flat") == 1 && found("tall") == 0);

        market.sell(&id, 12);
        until("sold", || index.search(&words("flat")).cards[0].sold == 12);

        market.take_down(&seller, &id);
        until("taken down", || found("flat") == 0 && index.is_empty());
        assert!(follower.wait_until(market.placed(), SOON));
        assert!(!follower.wait_until(i64::MAX, Duration::from_millis(30)));

        // Stopped: what comes now waits for the next.
        follower.stop();
        market.publish(&seller, cup("Wide cup"));
        assert_eq!(found("wide"), 0);
        catch_up(market.db(), &index).unwrap();
        assert_eq!(found("wide"), 1);
    });
}

#[test]
fn a_shop_that_is_paused_takes_its_goods_along_and_brings_them_back() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let other = market.shop("Other", "他");
        // More than one page of them.
        for _ in 0..230 {
            market.publish(&seller, cup("Cup"));
        }
        market.publish(&other, cup("Cup"));
        let (index, _folder) = market.index();
        assert_eq!(index.search(&words("cup")).total, 231);
        market.decide(&seller.shop, Decision::Pause("a look at the papers".into()));
        catch_up(market.db(), &index).unwrap();
        assert_eq!(index.search(&words("cup")).total, 1);
        market.decide(&seller.shop, Decision::Resume);
        catch_up(market.db(), &index).unwrap();
        assert_eq!(index.search(&words("cup")).total, 231);
        assert_eq!(index.len(), 231);
    });
}

/// An index that came to be by many events ranks as one that was built at once: two processes show the same (2.2.3-b.1).
#[test]
fn the_way_to_the_index_does_not_show_in_the_results() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let (followed, _followed_folder) = market.index();
        let mut published = Vec::new();
        for (n, title) in
            ["Cup", "Cup of clay", "Tea cup, tea cup", "Clay", "Cup and tea"].into_iter().cycle().take(60).enumerate()
        {
            let id = market.publish(&seller, cup(title));
            if n % 3 == 0 {
                market.sell(&id, n as i64 + 1);
                catch_up(market.db(), &followed).unwrap();
            }
            if n % 4 == 0 {
                market.edit(&seller, &id, 1, cup("Cup of porcelain"));
            }
            if n % 7 == 0 {
                market.take_down(&seller, &id);
            }
            published.push(id);
        }
        catch_up(market.db(), &followed).unwrap();
        let (built, _built_folder) = market.index();
        assert_eq!(followed.len(), built.len());
        for typed in ["cup", "clay cup", "tea", "杯", "cup porcelain tea", ""] {
            for sort in Sort::ALL {
                for page in 1..=3 {
                    let query = Query { sort, page, ..words(typed) };
                    assert_eq!(followed.search(&query), built.search(&query), "{query:?}");
                }
            }
        }
    });
}

#[test]
fn reopened_it_goes_on_from_where_it_was() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let (index, folder) = market.index();
        market.publish(&seller, cup("First cup"));
        let reached = catch_up(market.db(), &index).unwrap();
        assert!(matches!(Index::open(folder.path()), Err(IndexError::InUse)));
        drop(index);
        market.publish(&seller, cup("Second cup"));
        let index = Index::open(folder.path()).unwrap();
        assert_eq!(index.position(), reached);
        assert_eq!(index.search(&words("cup")).total, 1);
        let reached = catch_up(market.db(), &index).unwrap();
        assert_eq!(reached, market.placed());
        assert_eq!(index.search(&words("cup")).total, 2);
    });
}

#[test]
fn events_that_concern_no_goods_are_passed() {
    each(|market| {
        let (index, _folder) = market.index();
        for _ in 0..3 {
            market.write(|tx| {
                for _ in 0..450 {
                    let about = tx.id();
                    tx.emit(Event { kind: "OrderPlaced", about, body: serde_json::json!({}) });
                }
                Ok(())
            });
        }
        let reached = catch_up(market.db(), &index).unwrap();
        assert_eq!(reached, market.placed());
    });
}

#[test]
fn an_index_that_does_not_belong_to_the_events_is_built_anew() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, cup("First cup"));
        let (index, _folder) = market.index();
        // Events were pruned past an index that was away for long.
        market.publish(&seller, cup("Second cup"));
        market.publish(&seller, cup("Third cup"));
        market.placed();
        market.write(|tx| Ok(db::outbox::prune(tx.db, tx.now + 1)?));
        catch_up(market.db(), &index).unwrap();
        assert_eq!(index.search(&words("cup")).total, 3);
        // And here past all of them.
        market.publish(&seller, cup("Fourth cup"));
        market.placed();
        market.write(|tx| {
            diesel::delete(db::policy::outbox::table).execute(tx.db)?;
            Ok(())
        });
        catch_up(market.db(), &index).unwrap();
        assert_eq!(index.search(&words("cup")).total, 4);
    });
}

#[test]
fn an_index_of_another_database_is_built_anew() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, cup("Cup of porcelain"));
        let (index, _folder) = market.index();
        // As when a copy of the database was put back, and went on from there.
        each(|other| {
            let seller = other.shop("Other", "他");
            for _ in 0..3 {
                other.publish(&seller, cup("Cup of steel"));
            }
            catch_up(other.db(), &index).unwrap();
            assert_eq!(index.search(&words("porcelain")).total, 0);
            assert_eq!(index.search(&words("steel")).total, 3);
        });
    });
}

#[test]
fn what_cannot_be_read_is_built_anew_and_nothing_else_in_the_folder_is_touched() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, cup("Cup"));
        let (index, folder) = market.index();
        drop(index);
        std::fs::write(folder.path().join("form-3/a/meta.json"), "{ torn").unwrap();
        std::fs::write(folder.path().join("letter.txt"), "of somebody").unwrap();
        let index = Index::open(folder.path()).unwrap();
        assert_eq!((index.position(), index.len()), (0, 0));
        catch_up(market.db(), &index).unwrap();
        assert_eq!(titles(&index.search(&words("cup"))), ["Cup"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("letter.txt")).unwrap(), "of somebody");
    });
}

/// The index is built anew beside the one that is searched; the follower goes over to it, and nothing is lost between.
#[test]
fn built_anew_beside_the_live_one_it_takes_over() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        for _ in 0..5 {
            market.publish(&seller, cup("Cup"));
        }
        let folder = tempfile::tempdir().unwrap();
        let index = Arc::new(Index::open(folder.path()).unwrap());
        let follower = Follower::start(market.db().clone(), index.clone());
        until("begins", || index.search(&words("cup")).total == 5);
        for (round, place) in ["b", "a", "b"].into_iter().enumerate() {
            assert_eq!(rebuild(market.db(), folder.path()).unwrap(), 5 + round as u64);
            market.publish(&seller, cup("Cup"));
            until("goes over", || std::fs::read_to_string(folder.path().join("form-3/live")).unwrap() == place);
            let left = folder.path().join("form-3").join(if place == "a" { "b" } else { "a" }).join("meta.json");
            until("the old one goes", || !left.exists());
            until("follows on", || index.search(&words("cup")).total == 6 + round as u64);
        }
        follower.stop();
        drop(index);
        // Without a marketplace, the next that opens takes it.
        rebuild(market.db(), folder.path()).unwrap();
        let index = Index::open(folder.path()).unwrap();
        assert_eq!((index.len(), index.position()), (8, market.placed()));
    });
}

/// What was built anew and cannot be read changes nothing, neither now nor at the next opening.
#[test]
fn a_broken_new_one_is_not_taken() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, cup("Cup"));
        let (index, folder) = market.index();
        let index = Arc::new(index);
        std::fs::create_dir_all(folder.path().join("form-3/b")).unwrap();
        std::fs::write(folder.path().join("form-3/b/meta.json"), "{ torn").unwrap();
        std::fs::write(folder.path().join("form-3/live"), "b").unwrap();
        let _follower = Follower::start(market.db().clone(), index.clone());
        until("stays", || std::fs::read_to_string(folder.path().join("form-3/live")).unwrap() == "a");
        market.publish(&seller, cup("Cup"));
        until("goes on", || index.search(&words("cup")).total == 2);
    });
}

/// An index of an older program is in nobody's way, and goes when nobody uses it.
#[test]
fn indexes_of_other_forms_go() {
    each(|market| {
        let folder = tempfile::tempdir().unwrap();
        let segment = "0123456789abcdef0123456789abcdef.store";
        std::fs::create_dir_all(folder.path().join("form-1/a")).unwrap();
        for file in ["meta.json", segment, "form-1/a/meta.json", "form-1/live"] {
            std::fs::write(folder.path().join(file), "a").unwrap();
        }
        let index = Index::open(folder.path()).unwrap();
        catch_up(market.db(), &index).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["form-3"]);
    });
}

/// A process that builds anew and is killed at any moment leaves the old index searched, and can be called again.
#[test]
fn a_rebuilding_that_is_killed_changes_nothing() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        for _ in 0..250 {
            market.publish(&seller, cup("Cup"));
        }
        let (index, folder) = market.index();
        let form = folder.path().join("form-3");
        let live = || std::fs::read_to_string(form.join("live")).unwrap();
        let written = || -> BTreeSet<String> {
            let files = std::fs::read_dir(form.join("b")).into_iter().flatten().flatten();
            let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
            // Of goods, not of the empty index.
            names.filter(|name| name.len() > 32 && name.ends_with(".store")).collect()
        };
        let mut midway = 0;
        for _ in 0..4 {
            let left = written();
            let building = Following::start_as(market, folder.path(), BUILDER, "builds");
            let end = Instant::now() + SOON;
            while written().is_subset(&left) && live() == "a" {
                assert!(Instant::now() < end, "nothing is built");
                // Not a wait for something to be over: the kill must fall into the work.
                std::thread::yield_now();
            }
            drop(building);
            midway += usize::from(live() == "a");
            assert_eq!(index.search(&words("cup")).total, 250);
        }
        assert!(midway > 0, "none was killed before its end");
        drop(index);
        let index = Index::open(folder.path()).unwrap();
        catch_up(market.db(), &index).unwrap();
        assert_eq!(index.search(&words("cup")).total, 250);
        assert_eq!(rebuild(market.db(), folder.path()).unwrap(), 250);
    });
}

/// `hanse verify` finds what the index on disk holds otherwise than the catalogue, and takes nothing for a fault that is
/// yet to come.
#[test]
fn it_can_be_compared_with_the_catalogue() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let mut goods: Vec<_> = (0..230).map(|_| market.publish(&seller, cup("Cup"))).collect();
        goods.sort();
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(compare(market.db(), nothing.path()).unwrap(), None);
        assert!(std::fs::read_dir(nothing.path()).unwrap().next().is_none(), "it only reads");

        // Beside the process that has it open.
        let (index, folder) = market.index();
        let compared = || compare(market.db(), folder.path()).unwrap().unwrap();
        let right = Compared { goods: 230, ..Compared::default() };
        assert_eq!(compared(), right);
        market.sell(&goods[3], 12);
        market.take_down(&seller, &goods[4]);
        assert_eq!(compared(), Compared { goods: 229, to_come: 2, ..Compared::default() });
        catch_up(market.db(), &index).unwrap();
        assert_eq!(compared(), Compared { goods: 229, ..Compared::default() });

        // What nobody told of: as if events had been lost.
        use catalogue::policy::product;
        let (down, up, dearer) = (goods[0].clone(), goods[4].clone(), goods[9].clone());
        market.write(move |tx| {
            diesel::update(product::table.find(&down)).set(product::state.eq("down")).execute(tx.db)?;
            diesel::update(product::table.find(&up)).set(product::state.eq("listed")).execute(tx.db)?;
            diesel::update(product::table.find(&dearer)).set(product::price_high.eq(201)).execute(tx.db)?;
            Ok(())
        });
        let faulty = Compared {
            goods: 229,
            missing: vec![goods[4].clone()],
            left_over: vec![goods[0].clone()],
            other: vec![goods[9].clone()],
            ..Compared::default()
        };
        assert_eq!(compared(), faulty);
        // An index of events that are gone is built anew before it is searched.
        market.write(|tx| {
            diesel::delete(db::policy::outbox::table).execute(tx.db)?;
            Ok(())
        });
        market.sell(&goods[5], 1);
        market.sell(&goods[5], 1);
        market.placed();
        market.write(|tx| Ok(db::outbox::prune(tx.db, tx.now + 1)?));
        assert_eq!(compared(), Compared { goods: 229, to_come: 1, unfit: true, ..Compared::default() });
    });
}

const CHILD: &str = "following::the_process_that_is_killed";
const BUILDER: &str = "following::the_rebuilding_that_is_killed";

/// A process that follows until it is killed, at any moment, leaves an index that goes on from its position.
#[test]
fn after_a_kill_nothing_is_missing_and_nothing_is_left_over() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let folder = tempfile::tempdir().unwrap();
        let mut expected = vec![market.publish(&seller, cup("Cup"))];
        for round in 0..4 {
            let mut following = Some(Following::start(market, folder.path()));
            for n in 0..25 {
                let id = market.publish(&seller, cup("Cup"));
                if n % 5 == 4 {
                    market.take_down(&seller, &id);
                } else {
                    expected.push(id);
                }
                if n == 10 + 3 * round {
                    drop(following.take());
                }
            }
        }
        let index = Index::open(folder.path()).unwrap();
        let left_at = index.position();
        assert!(left_at > 0, "the child had built it");
        assert!(left_at < market.placed());
        catch_up(market.db(), &index).unwrap();
        let mut found = Vec::new();
        for page in 1.. {
            let part = index.search(&Query { page, ..words("cup") });
            found.extend(ids(&part));
            if page == part.pages {
                break;
            }
        }
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    });
}

/// A process that follows; killed when it is dropped.
struct Following(Child);

impl Following {
    fn start(market: &Market, folder: &Path) -> Following {
        Following::start_as(market, folder, CHILD, "follows")
    }

    /// Runs the test of that name in a process of its own, until it says that it has begun.
    fn start_as(market: &Market, folder: &Path, test: &str, begun: &str) -> Following {
        let (engine, address) = match &market.test.address {
            Address::Sqlite(path) => ("sqlite", path.to_str().unwrap()),
            Address::Postgres(url) => ("postgres", url.as_str()),
        };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env("FOLLOW_ENGINE", engine)
            .env("FOLLOW_ADDRESS", address)
            .env("FOLLOW_INDEX", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let following = Following(child);
        assert!(said.lines().map_while(Result::ok).any(|line| line.contains(begun)), "the child has ended");
        following
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Stays until it is killed, or whoever started it is gone.
fn stay() {
    let _ended = std::io::stdin().read_line(&mut String::new());
}

/// What a process of its own was told to work on.
fn told() -> Option<(Database, std::path::PathBuf)> {
    let (Ok(engine), Ok(address), Ok(folder)) =
        (std::env::var("FOLLOW_ENGINE"), std::env::var("FOLLOW_ADDRESS"), std::env::var("FOLLOW_INDEX"))
    else {
        return None;
    };
    let address = if engine == "sqlite" { Address::Sqlite(address.into()) } else { Address::Postgres(address) };
    let blobs = tempfile::tempdir().unwrap();
    let mut options = Options::new(address, blobs.path());
    options.migrations = migrations();
    Some((Database::open(options).unwrap(), folder.into()))
}

#[test]
#[ignore = "run by after_a_kill_nothing_is_missing_and_nothing_is_left_over"]
fn the_process_that_is_killed() {
    let Some((db, folder)) = told() else { return };
    let index = Arc::new(Index::open(&folder).unwrap());
    let _follower = Follower::start(db, index.clone());
    until("follows", || index.position() > 0);
    println!("follows");
    stay();
}

#[test]
#[ignore = "run by a_rebuilding_that_is_killed_changes_nothing"]
fn the_rebuilding_that_is_killed() {
    let Some((db, folder)) = told() else { return };
    println!("builds");
    // The one built before may wait for a marketplace: then there is nothing to do.
    let _built = rebuild(&db, &folder);
    stay();
}
