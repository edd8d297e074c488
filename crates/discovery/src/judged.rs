//! How good exact searches are, on the judged products of a folder that is not part of this project: `products.jsonl.gz`
//! and `judgements.csv` (query, product, grade 0 to 3). Run where the folder is:
//! `HANSE_JUDGED=/folder cargo nextest run --run-ignored all -E 'test(judged)' --no-capture`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use catalogue::Both;
use catalogue::product::{Attribute, Unit};
use catalogue::view::{Card, Entry, ShopLine};
use db::Id;
use serde::Deserialize;

use crate::index::{Index, Mark};
use crate::query::Query;

#[derive(Deserialize)]
struct Product {
    id: String,
    title: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    supplier: Option<String>,
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
}

fn id(number: &str) -> Id {
    Id::parse(&format!("00000000-0000-7000-8000-{number:0>12}")).expect("an id")
}

fn entry(product: Product) -> Entry {
    let en = |text: &str| Both::new(text, "");
    let shop = product.supplier.unwrap_or_default();
    let attributes = product.attributes.iter().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(Attribute { name: en(&name.replace('_', " ")), value: en(&value) })
    });
    Entry {
        card: Card {
            id: id(&product.id),
            title: en(&product.title),
            picture: None,
            shop: ShopLine { id: id("1"), name: en(&shop), place: en("") },
            category: String::new(),
            unit: Unit { one: String::new(), many: String::new(), zh: String::new() },
            minimum: 1,
            price_low: 1,
            price_high: 1,
            tiers: Vec::new(),
            sold: 0,
            listed_at: 0,
        },
        in_stock: 1,
        text: en(&product.description.unwrap_or_default()),
        attributes: attributes.collect(),
        categories: Vec::new(),
    }
}

/// The judged products, in an index of their own.
fn filled(folder: &Path, into: &Path) -> Index {
    let index = Index::open(into).expect("an index");
    let gzip = Command::new("gzip").arg("-dc").arg(folder.join("products.jsonl.gz")).stdout(Stdio::piped()).spawn();
    let lines = BufReader::new(gzip.expect("gzip").stdout.take().expect("its output")).lines();
    let live = index.live();
    let mut batch = live.begin().expect("a batch");
    let mut entries = Vec::new();
    for line in lines {
        entries.push(entry(serde_json::from_str(&line.expect("a line")).expect("a product")));
        if entries.len() == 500 {
            batch.replace(&[], &std::mem::take(&mut entries)).expect("written");
        }
    }
    batch.replace(&[], &entries).expect("written");
    batch.commit(Mark { position: 1, event: None }).expect("committed");
    index
}

/// NDCG@10 with gain 2^grade − 1; what is unjudged counts for nothing.
fn ndcg(found: &[Id], grades: &HashMap<Id, u32>) -> f64 {
    let gain = |grade: u32| f64::from((1u32 << grade) - 1);
    let at = |place: usize| ((place + 2) as f64).log2();
    let reached: f64 =
        found.iter().take(10).enumerate().map(|(n, id)| gain(grades.get(id).copied().unwrap_or(0)) / at(n)).sum();
    let mut best: Vec<u32> = grades.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let best: f64 = best.iter().take(10).enumerate().map(|(n, grade)| gain(*grade) / at(n)).sum();
    if best == 0.0 { 0.0 } else { reached / best }
}

fn judgements(folder: &Path) -> HashMap<String, HashMap<Id, u32>> {
    let mut all: HashMap<String, HashMap<Id, u32>> = HashMap::new();
    for row in csv::Reader::from_path(folder.join("judgements.csv")).expect("judgements").records() {
        let row = row.expect("a row");
        all.entry(row[0].to_owned()).or_default().insert(id(&row[1]), row[2].parse().expect("a grade"));
    }
    all
}

#[test]
#[ignore = "needs the folder of judged products"]
fn judged_searches_are_as_good_as_they_were() {
    let folder = std::env::var("HANSE_JUDGED").expect("HANSE_JUDGED names the folder");
    let into = tempfile::tempdir().expect("a folder");
    let index = filled(Path::new(&folder), into.path());
    let judged = judgements(Path::new(&folder));
    let (mut sum, mut nothing) = (0.0, 0);
    for (words, grades) in &judged {
        let found = index.search(&Query { words: words.clone(), ..Query::default() });
        nothing += usize::from(found.total == 0);
        let ids: Vec<Id> = found.cards.iter().map(|card| card.id.clone()).collect();
        sum += ndcg(&ids, grades);
    }
    let mean = sum / judged.len() as f64;
    println!("NDCG@10 {mean:.4} over {} queries; {nothing} find nothing", judged.len());
    assert!(mean > 0.56);
}
