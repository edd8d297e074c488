//! The marketplace that is measured: the demo, generated goods, and buyers who are signed in. Made through the library,
//! before the server starts; the bare server gets a copy of the same database.

use crate::Options;
use catalogue::product::Unit;
use catalogue::view::{self, Sale};
use catalogue::{Both, generated};
use db::{Id, Stop};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hanse::config::Config;
use hanse::{demo, house};
use member::sign_in::Arrival;
use member::{ClientAddress, sign_in};
use policy::{Language, Typed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use vault::Vault;

const SEED: u64 = 1688;
/// One registration waits for the database while another is hashed; more would only wait for a place to hash.
const REGISTRATIONS_AT_ONCE: usize = 8;
const GOODS_PER_READ: i64 = 500;
/// A minimum order of more would empty the shelves within a run.
const MINIMUM_MAX: i64 = 12;
const STOCK_MIN: i64 = 2_000;
const LINES_PER_CART: usize = 3;
/// Searched words, the same in each run.
const SEARCHES: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        }
    }
}

/// Everything that a scenario needs to know.
pub struct Market {
    pub folder: PathBuf,
    pub config: Config,
    pub products: usize,
    /// Those of one shop together, as [`Market::shops`] says.
    pub goods: Vec<Good>,
    shops: Vec<Range<usize>>,
    /// What buyers type.
    pub searches: Vec<String>,
    pub categories: Vec<String>,
    pub buyers: Vec<Buyer>,
    pub seller: Seller,
    /// The bare server's database: a file, or an URL.
    pub bare: String,
    /// A copy of everything, for the marketplace without a vault.
    pub unguarded: Option<Config>,
}

/// One variant that a cart can hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Good {
    pub product: Id,
    pub variant: Id,
    pub shop: Id,
    pub title: String,
    pub title_zh: String,
    pub unit: String,
    /// The minimum order.
    pub quantity: i64,
    pub price: i64,
}

/// A member with a session.
pub struct Buyer {
    pub member: Id,
    pub token: String,
}

/// A seller of the demo with a session, and one of the seller's products.
pub struct Seller {
    pub token: String,
    pub shop: Id,
    pub product: Id,
    pub title: String,
}

impl Market {
    /// The lines of the cart that buyer number `buyer` fills in round `round`: three products of one shop.
    pub fn cart(&self, buyer: usize, round: usize) -> Vec<&Good> {
        let shops = self.shops.len();
        let (shop, turn) = (buyer % shops, buyer / shops + round * self.buyers.len().div_ceil(shops));
        let of_shop = &self.goods[self.shops[shop].clone()];
        (0..LINES_PER_CART).map(|line| &of_shop[(turn * LINES_PER_CART + line) % of_shop.len()]).collect()
    }
}

/// Makes the marketplace and the bare server's copy of it.
pub fn market(engine: Engine, products: usize, options: &Options) -> Result<Market, String> {
    let folder = options.folder.join(engine.name().to_lowercase());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let folder = folder.canonicalize().map_err(|error| error.to_string())?;
    let mut config = Config::default();
    config.database.files = folder.join("data");
    config.database.epoch_keys = folder.join("keys");
    let server = options.postgres.as_deref();
    match engine {
        Engine::Sqlite => {
            config.database.data = folder.join("data").to_string_lossy().into_owned();
            config.database.keys = folder.join("keys").to_string_lossy().into_owned();
        }
        Engine::Postgres => {
            let server = server.ok_or("--postgres: which server? (cargo xtask bench starts one)")?;
            config.database.data = new_database(server, "hanse_bench_data", None)?;
            config.database.keys = new_database(server, "hanse_bench_keys", None)?;
        }
    }
    eprintln!("{}: the demo, {} products, {} buyers …", engine.name(), products, options.buyers);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let vault = house::open(&config)?;
    let edition = i64::from(house::lock().edition().version);
    let demo_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    runtime.block_on(demo::load(&vault, &demo_folder, edition)).map_err(|error| format!("the demo: {error}"))?;
    let seller = runtime.block_on(seller(&vault))?;
    let shops = generated::load(&vault, SEED, products, options.shops).map_err(|error| error.to_string())?;
    let Offered { goods, shops, categories, products } = offered(&vault, &shops)?;
    let searches = searches(&goods);
    let buyers = runtime.block_on(buyers(&vault, options.buyers, edition))?;
    vault.keys().database().clone().close();
    vault.data().clone().close();
    drop(vault);
    let bare = match engine {
        Engine::Sqlite => copy(&folder.join("data/hanse.sqlite"), &folder.join("bare.sqlite"))?,
        Engine::Postgres => new_database(server.unwrap_or_default(), "hanse_bench_bare", Some("hanse_bench_data"))?,
    };
    let unguarded = match options.unguarded {
        Some(_) => Some(beside(engine, &config, &folder, server.unwrap_or_default())?),
        None => None,
    };
    Ok(Market { folder, config, products, goods, shops, searches, categories, buyers, seller, bare, unguarded })
}

/// Makes a database anew, empty or as a copy, and tells its URL.
fn new_database(server: &str, name: &str, copy_of: Option<&str>) -> Result<String, String> {
    let told = |error: &dyn std::fmt::Display| format!("{name}: {error}");
    let mut connection = PgConnection::establish(server).map_err(|error| told(&error))?;
    let template = copy_of.map(|of| format!(" template {of}")).unwrap_or_default();
    for sql in [format!("drop database if exists {name} with (force)"), format!("create database {name}{template}")] {
        connection.batch_execute(&sql).map_err(|error| told(&error))?;
    }
    let (before, _) = server.rsplit_once('/').ok_or("an URL of a server ends with /postgres")?;
    Ok(format!("{before}/{name}"))
}

/// The same marketplace once more, beside the first.
fn beside(engine: Engine, config: &Config, folder: &Path, server: &str) -> Result<Config, String> {
    let mut other = config.clone();
    let to = folder.join("unguarded");
    for name in ["data", "keys"] {
        copy_folder(&folder.join(name), &to.join(name))?;
    }
    (other.database.files, other.database.epoch_keys) = (to.join("data"), to.join("keys"));
    (other.database.data, other.database.keys) = match engine {
        Engine::Sqlite => (to.join("data").display().to_string(), to.join("keys").display().to_string()),
        Engine::Postgres => (
            new_database(server, "hanse_bench_unguarded_data", Some("hanse_bench_data"))?,
            new_database(server, "hanse_bench_unguarded_keys", Some("hanse_bench_keys"))?,
        ),
    };
    Ok(other)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(told)?;
    for entry in std::fs::read_dir(from).map_err(told)? {
        let entry = entry.map_err(told)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_folder(&from, &to)? } else { copy(&from, &to).map(drop)? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<String, String> {
    // The last connection to close has emptied the log into the file.
    std::fs::copy(from, to).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(to.to_string_lossy().into_owned())
}

/// Members who register, each from an address of their own, and stay signed in.
async fn buyers(vault: &Vault, count: usize, edition: i64) -> Result<Vec<Buyer>, String> {
    let mut under_way = FuturesUnordered::new();
    let mut buyers = Vec::with_capacity(count);
    for number in 0..count {
        if under_way.len() == REGISTRATIONS_AT_ONCE
            && let Some(done) = under_way.next().await
        {
            buyers.push(done?);
        }
        under_way.push(register(vault, number, edition));
    }
    while let Some(done) = under_way.next().await {
        buyers.push(done?);
    }
    Ok(buyers)
}

async fn register(vault: &Vault, number: usize, edition: i64) -> Result<Buyer, String> {
    let wrong = |what: &dyn std::fmt::Display| format!("buyer {number}: {what}");
    let (name, phone) = (format!("bench_buyer_{number}"), format!("139{number:08}"));
    let registered = demo::new_member(vault, &name, &phone, edition).await.map_err(|e| wrong(&e))?;
    let signed_in = sign_in::after_registering(vault, &registered, &Arrival::with_nothing(Language::En))
        .await
        .map_err(|e| wrong(&e))?;
    Ok(Buyer { member: signed_in.member.id.clone(), token: signed_in.token.as_str().to_owned() })
}

async fn seller(vault: &Vault) -> Result<Seller, String> {
    let name = demo::seller_name(0);
    let from = ClientAddress::of(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (name, password) = (Typed::new(name), Typed::new(demo::PASSWORD));
    let arrival = Arrival::with_nothing(Language::En);
    let come_in = sign_in::by_password(vault, &name, &password, &from, &arrival).await;
    let signed_in = come_in.map_err(|error| format!("the demo's seller: {error:?}"))?;
    let member = signed_in.member.id.clone();
    let found = vault.data().read(move |r| {
        let seller = catalogue::shop::seller(r, &member)?.ok_or(Stop::fault("no shop"))?;
        let product = view::own_products(r, &seller, Some(true), None, 1)?;
        Ok::<_, Stop<()>>((seller.shop, product))
    });
    let (shop, product) = found.await.map_err(|error| error.to_string())?;
    let product = product.into_iter().next().ok_or("the demo's seller sells nothing")?;
    Ok(Seller { token: signed_in.token.as_str().to_owned(), shop, product: product.id, title: product.title.en })
}

/// What is for sale.
struct Offered {
    goods: Vec<Good>,
    shops: Vec<Range<usize>>,
    categories: Vec<String>,
    products: usize,
}

/// The generated goods that carts are filled with, of each shop that has enough of them; every category; how many
/// products there are.
fn offered(vault: &Vault, shops: &[Id]) -> Result<Offered, String> {
    let generated: HashSet<&Id> = shops.iter().collect();
    let mut of_shop: BTreeMap<Id, Vec<Good>> = BTreeMap::new();
    let (mut after, mut products, mut categories): (Option<Id>, usize, Vec<String>) = (None, 0, Vec::new());
    loop {
        let from = after.take();
        let page = vault.data().read_now(move |r| {
            let ids = view::ids_after(r, from.as_ref(), GOODS_PER_READ)?;
            let mut goods: Vec<view::Goods> = view::goods(r, &ids)?.into_values().collect();
            goods.sort_by(|a, b| a.id.cmp(&b.id));
            Ok::<_, Stop<()>>((ids.last().cloned(), goods))
        });
        let (last, page) = page.map_err(|error| error.to_string())?;
        for product in page {
            products += 1;
            categories.push(product.category.clone());
            if product.sale == Sale::Open && generated.contains(&product.shop.id) {
                of_shop.entry(product.shop.id.clone()).or_default().extend(good(&product));
            }
        }
        after = last;
        if after.is_none() {
            break;
        }
    }
    categories.sort();
    categories.dedup();
    let (mut goods, mut shops) = (Vec::new(), Vec::new());
    for of_shop in of_shop.into_values().filter(|of_shop| of_shop.len() >= LINES_PER_CART) {
        shops.push(goods.len()..goods.len() + of_shop.len());
        goods.extend(of_shop);
    }
    if shops.is_empty() {
        return Err("too few products to fill a cart: more --products or fewer --shops".to_owned());
    }
    Ok(Offered { goods, shops, categories, products })
}

/// Two or three words of a title, in either language; every tenth with a letter too few.
fn searches(goods: &[Good]) -> Vec<String> {
    let words = |at: usize, good: &Good| {
        if at % 3 == 2 {
            return good.title_zh.chars().take(4).collect();
        }
        let words: Vec<&str> = good.title.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let mut typed = words[at % 2..].iter().take(2 + at % 2).copied().collect::<Vec<_>>().join(" ");
        if at.is_multiple_of(10) {
            typed.remove(2);
        }
        typed
    };
    (0..SEARCHES).map(|at| words(at, &goods[at * 7 % goods.len()])).collect()
}

/// The first variant of a product of which a run can buy many times.
fn good(product: &view::Goods) -> Option<Good> {
    let first = product.tiers.first().filter(|tier| tier.from <= MINIMUM_MAX)?;
    let variant = product.variants.iter().find(|variant| variant.stock >= STOCK_MIN)?;
    let (Both { en: title, zh: title_zh }, Unit { one: unit, .. }) = (product.title.clone(), product.unit.clone());
    Some(Good {
        product: product.id.clone(),
        variant: variant.id.clone(),
        shop: product.shop.id.clone(),
        title,
        title_zh,
        unit,
        quantity: first.from,
        price: first.price,
    })
}
