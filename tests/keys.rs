//! Keys that are changed under a marketplace that is open, by commands that are killed at any moment.

mod support;

use db::Engine;
use support::{Market, Partners};

const ROUNDS: usize = 6;

#[test]
fn keys_are_changed_under_an_open_marketplace_on_sqlite() {
    let partners = Partners::start();
    let market = Market::with(Engine::Sqlite, &partners);
    changed(&market);
    put_back(&market);
}

#[test]
fn keys_are_changed_under_an_open_marketplace_on_postgres() {
    changed(&Market::open(Engine::Postgres));
}

/// 5.1-b, 5.3.1-a.3: a re-wrapping and a renewal of the indexes that are killed in their midst, again and again, lose no
/// key and no member; who registers meanwhile is there.
fn changed(market: &Market) {
    let mut reader = market.browser();
    reader.registers("before_them", "13977330001");
    let (mut rewrapping, mut marking) = (0, 0);
    for round in 0..ROUNDS {
        let copy = format!("copy-{round}");
        if market.command_killed_at(&["keys", "renew-epoch", "--copy", &copy], "keys wrapped anew") {
            rewrapping += 1;
            assert_eq!(epochs(market), 2, "killed between two epochs");
        }
        marking += usize::from(market.command_killed_at(&["keys", "renew-index"], "members …"));
        let mut other = market.browser();
        other.registers(&format!("during_{round}"), &format!("1397733010{round}"));
        market.browser().signs_in("before_them", "a good long phrase");
    }
    // One that is taken up again may have too few left to say so.
    assert!(rewrapping >= ROUNDS / 2 && marking >= ROUNDS / 2, "{rewrapping} and {marking} were killed in their midst");
    let said = market.command(&["keys", "renew-epoch", "--copy", "copy-last"]);
    assert!(said.contains("the old key is destroyed"), "{said}");
    let said = market.command(&["keys", "renew-index"]);
    assert!(said.contains("members are found by new keys") && !said.contains("stay under"), "{said}");
    // The open marketplace, and one that is opened anew, find and open everybody.
    for anew in [false, true] {
        if anew {
            market.restart();
        }
        for round in 0..ROUNDS {
            let mut member = market.browser();
            member.signs_in(&format!("1397733010{round}"), "a good long phrase");
            member.get("/en/my").shows(&[&format!("during_{round}")]);
        }
        let mut member = market.browser();
        member.signs_in("BEFORE_THEM", "a good long phrase");
        member.get("/en/my/privacy").shows(&["You"]);
    }
    assert!(market.command(&["ledger", "verify"]).contains("every hash holds"));
}

/// Epochs whose key is there.
fn epochs(market: &Market) -> usize {
    let files = std::fs::read_dir(market.folder.path().join("hanse-keys")).expect("the folder of keys");
    let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("epoch-") && name.ends_with(".key")).count()
}

/// The key store is lost. A copy from before the newest member is refused; the newest finds and opens everybody.
fn put_back(market: &Market) {
    market.command(&["keys", "copy", "older"]);
    market.browser().registers("before_the_loss", "13977330200");
    market.command(&["keys", "copy", "by-hand"]);
    market.is_killed();
    for part in ["keys.sqlite", "keys.sqlite-wal", "keys.sqlite-shm"] {
        let _absent = std::fs::remove_file(market.folder.path().join("hanse-keys").join(part));
    }
    assert_eq!(market.command_or_not(&["keys", "restore", "older"]), None);
    market.command(&["keys", "restore", "by-hand"]);
    assert_eq!(market.command_or_not(&["keys", "restore", "by-hand"]), None, "it is not empty any more");
    market.opens_again();
    for name in ["before_them", "during_3", "before_the_loss"] {
        market.browser().signs_in(name, "a good long phrase");
    }
}
