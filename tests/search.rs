//! Finding goods, through the binary and its pages, on both engines: bad typing, facets, suggestions, and the index
//! built anew while the marketplace is open, also by a process that is killed.

mod support;

use db::Engine;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::{Browser, Market, wait_until};

#[test]
fn finding_on_sqlite() {
    finding(&Market::logging(Engine::Sqlite));
}

#[test]
fn finding_on_postgres() {
    finding(&Market::logging(Engine::Postgres));
}

/// 2.2.2-a.1, 2.2.2-c.1, 2.2.3-a.2
fn finding(market: &Market) {
    let mut guest = market.browser();
    typing_badly(&mut guest);
    narrowing(&mut guest);
    suggestions(market);
    by_program(market);
    built_anew(market);
    // 2.2.2-c.1: what was searched for stands in no log, however much of it is written.
    let log = market.log();
    assert!(!log.is_empty());
    for words in ["jeens", "canary7731", "zzzqqq"] {
        assert!(!log.contains(words), "{words} is in the log");
    }
}

/// What was done is said, with the way to the other; and no page is a dead end.
fn typing_badly(guest: &mut Browser) {
    guest.get("/en/search?q=jeens").shows(&["/en/product/", "“jeans”", "/en/search?q=jeens&amp;exact=1"]);
    guest.get("/en/search?q=jeens&exact=1").lacks(&["/en/product/"]).shows(&["Did you mean", "/en/search?q=jeans\""]);
    guest.get("/zh/search?q=jeens").shows(&["“jeans”", "/zh/product/", "/zh/search?q=jeens&amp;exact=1"]);
    guest.get("/zh/search?q=%E7%89%9B%E4%BB%94%E8%A4%B2").shows(&["/zh/product/"]).lacks(&["exact=1"]);
    guest.get("/en/search?q=jeans").shows(&["/en/product/"]).lacks(&["exact=1", "Did you mean"]);
    guest.get("/en/search?q=zzzqqq+canary7731").shows(&["Nothing found", "/en/categories", "/en/search?category="]);
    guest.get("/en/search?q=jeans&low=99999").shows(&["Nothing passes all the filters", "href=\"/en/search?q=jeans\""]);
}

/// Each offered choice is a link that finds as many as it says, and can be given up again.
fn narrowing(guest: &mut Browser) {
    guest.get("/en/search?q=apple");
    let all = total(guest);
    let choices = guest.all(r#"<a href="([^"]+)" rel="nofollow">"#);
    assert!(choices.len() > 8, "{choices:?}");
    let options = regex_lite::Regex::new(
        r#"<li[^>]*><a href="([^"]+)" rel="nofollow">.*?</a><span class="note tabular">([\d,]+)</span></li>"#,
    )
    .expect("a pattern");
    let page = guest.text.clone();
    let offered: Vec<(String, i64)> = options
        .captures_iter(&page)
        .map(|found| (found[1].replace("&amp;", "&"), found[2].replace(',', "").parse().expect("a number")))
        .collect();
    for kind in ["category=", "low=", "high=", "minimum=", "stock=1", "place=", "shop=", "is="] {
        assert!(offered.iter().any(|(href, _)| href.contains(kind)), "no {kind} in {offered:?}");
    }
    for (href, count) in &offered {
        guest.get(href);
        assert_eq!(total(guest), *count, "{href}");
    }
    // Two shops find what either has; the chips name them, and give them up.
    let shops: Vec<&(String, i64)> = offered.iter().filter(|(href, _)| href.contains("shop=")).take(2).collect();
    let [one, two] = shops[..] else { panic!("two shops: {offered:?}") };
    let second = two.0.rsplit("shop=").next().expect("its id");
    guest.get(&format!("{}&shop={second}", one.0));
    assert_eq!(total(guest), one.1 + two.1);
    let chips = guest.find(r#"<ul class="chosen"([\s\S]+?)</ul>"#);
    assert_eq!(chips.matches("<li>").count(), 3, "{chips}");
    guest.get("/en/search?q=apple&stock=1&page=1&sort=&low=&minimum=x&is=nonsense&shop=none");
    assert!(total(guest) <= all);
    // One address for each list: what is empty or unknown is not in the links of the page.
    guest.shows(&["/zh/search?q=apple&amp;stock=1\""]).lacks(&["nonsense", "sort=&amp;"]);
    // A category is found by search engines under one address; a narrowed list is not.
    guest
        .get("/en/search?sort=&category=clothing&page=1")
        .shows(&["rel=\"canonical\" href=\"http", "category=clothing\""]);
    guest.get("/en/search?category=clothing&stock=1").shows(&["noindex"]);
}

/// How many the page says that it found.
fn total(guest: &Browser) -> i64 {
    guest.find(r#"<p class="note">([\d,]+)"#).replace(',', "").parse().expect("a number")
}

/// Out of goods and categories; without a cookie asked for or given.
fn suggestions(market: &Market) {
    let mut guest = market.browser();
    guest.get("/suggest?lang=en&q=jea");
    assert_eq!(guest.status, 200);
    assert!(guest.set_cookies.is_empty());
    let lines: serde_json::Value = serde_json::from_str(&guest.text).expect("JSON");
    let lines = lines.as_array().expect("a list");
    assert!(lines.iter().any(|line| line["href"] == "/en/search?q=jeans"), "{lines:?}");
    assert!(lines.iter().any(|line| line["note"] == "Category"), "{lines:?}");
    let goods = lines.iter().find(|line| line["note"] == "Product").expect("goods");
    let href = goods["href"].as_str().expect("an address").to_owned();
    guest.get(&href).shows(&[goods["text"].as_str().expect("a title")]);
    for nothing in ["/suggest", "/suggest?q=", "/suggest?lang=xx&q=%00", "/suggest?q=zzzqqq"] {
        guest.get(nothing);
        assert_eq!((guest.status, guest.text.as_str()), (200, "[]"), "{nothing}");
    }
    guest.get(&format!("/suggest?lang=zh&q={}", "%E7%89%9B".repeat(500)));
    assert_eq!(guest.status, 200);
}

fn by_program(market: &Market) {
    let asked = |path: &str| -> serde_json::Value {
        serde_json::from_str(&market.ask(&format!("{}{path}", market.base))).expect("JSON")
    };
    let found = asked("/api/v1/products?q=jeens");
    assert_eq!(found["read_as"], "jeans");
    assert!(found["total"].as_u64() > Some(0), "{found}");
    assert_eq!(asked("/api/v1/products?q=jeens&exact=true")["meant"], "jeans");
    let found = asked("/api/v1/products?q=apple");
    for counted in ["categories", "shops", "places", "prices", "minimums"] {
        assert!(found[counted].as_array().is_some_and(|list| !list.is_empty()), "{counted}: {found}");
    }
    let (one, two) = (&found["shops"][0], &found["shops"][1]);
    let path = |shop: &serde_json::Value| format!("&shop={}", shop["shop"].as_str().expect("an id"));
    let both = asked(&format!("/api/v1/products?q=apple{}{}", path(one), path(two)));
    assert_eq!(both["total"].as_u64(), Some(one["count"].as_u64().unwrap() + two["count"].as_u64().unwrap()));
    // All there are, a part at a time: each once.
    for sort in ["general", "sales", "price", "price_down"] {
        let (mut seen, mut after) = (BTreeSet::new(), String::new());
        loop {
            let part = asked(&format!("/api/v1/products?limit=90&sort={sort}{after}"));
            for item in part["items"].as_array().expect("a list") {
                assert!(seen.insert(item["id"].as_str().expect("an id").to_owned()), "{sort}: twice {item}");
            }
            let Some(next) = part["next"].as_str() else {
                assert_eq!(Some(seen.len() as u64), part["total"].as_u64(), "{sort}");
                break;
            };
            assert_eq!(part["items"].as_array().map(Vec::len), Some(90), "{sort}");
            after = format!("&after={next}");
        }
        assert!(!after.is_empty(), "all stand on one page");
    }
    let refused = asked("/api/v1/products?attribute=nonsense");
    assert_eq!(refused["errors"][0]["field"], "attribute", "{refused}");
    let lines = asked("/api/v1/suggestions?q=jea");
    assert!(lines.as_array().expect("a list").iter().any(|line| line["words"] == "jeans"), "{lines}");
}

/// `hanse search rebuild` beside the open marketplace: it goes over to the new index and answers all the while. Killed, it
/// changes nothing, and the next call does it.
fn built_anew(market: &Market) {
    let folder = market.folder.path();
    let live = || std::fs::read_to_string(place(folder).join("live")).unwrap_or_default();
    let mut guest = market.browser();
    guest.get("/en/search");
    let all = total(&guest);
    let before = live();
    let beside = place(folder).join(if before == "a" { "b" } else { "a" });
    let written = || -> BTreeSet<String> {
        let files = std::fs::read_dir(&beside).into_iter().flatten().flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        // Of goods, not of the empty index.
        names.filter(|name| name.len() > 32 && name.ends_with(".store")).collect()
    };
    let killed = (0..4).filter(|_| {
        let left = written();
        let midway = || !written().is_subset(&left);
        let killed = market.command_killed_when(&["search", "rebuild"], midway);
        guest.get("/en/search");
        assert_eq!(total(&guest), all);
        killed && live() == before
    });
    assert!(killed.count() > 0, "none was killed before its end");
    let said = wait_until("the rebuilding", || {
        // What a killed one had finished after all is taken over first.
        let said = market.command_or_not(&["search", "rebuild"])?;
        Some(said)
    });
    assert!(said.contains(&format!("{all} goods")), "{said}");
    let old = match live().trim() {
        "a" => "b",
        "b" => "a",
        other => panic!("the live place is {other:?}"),
    };
    let old = place(folder).join(old).join("meta.json");
    wait_until("the old one goes", || (!old.exists()).then_some(()));
    guest.get("/en/search");
    assert_eq!(total(&guest), all);
    market.restart();
    guest.get("/en/search");
    assert_eq!(total(&guest), all);

    // An index that does not say what the catalogue says is a fault that the operator is told of.
    let said = market.command(&["verify"]);
    assert!(said.contains(&format!("{all} goods, as they are")), "{said}");
    market.has("update product set price_high = price_high + 1 where id = (select min(id) from product)");
    assert_eq!(market.command_or_not(&["verify"]), None);
    market.has("update product set price_high = price_high - 1 where id = (select min(id) from product)");
    market.command(&["verify"]);
}

fn place(folder: &Path) -> PathBuf {
    let forms = std::fs::read_dir(folder.join("hanse-data/search")).expect("the index");
    let mut forms = forms.map(|form| form.expect("a folder").path());
    let one = forms.find(|form| form.is_dir()).expect("its form");
    assert!(forms.all(|other| !other.is_dir()), "two forms");
    one
}
