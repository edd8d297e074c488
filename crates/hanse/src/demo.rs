//! The demo: members, shops and goods of `demo/`, through the same commands as real ones. Loading twice does nothing.

use catalogue::category::{self, NewCategory};
use catalogue::picture::{self, Stored};
use catalogue::price::{Freight, Tier};
use catalogue::product::{self, Attribute, NewPicture, NewProduct, NewVariant, Unit};
use catalogue::shop::{self, Application, Contact, Decision, Face, Representative, Seller};
use catalogue::{Both, stock};
use db::{Id, Stop};
use member::ClientAddress;
use member::registration::{self, Agreement, NewMember};
use policy::{Entered, Role, Typed};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use vault::{Actor, Vault};

/// The password of every demo account.
pub const PASSWORD: &str = "wholesale-1688";
pub const BUYER: &str = "demo_buyer";
pub const OPERATOR: &str = "operator";

/// The name under which a demo shop's owner signs in.
pub fn seller_name(at: usize) -> String {
    format!("demo_seller_{}", at + 1)
}

#[derive(Deserialize, Default)]
struct File {
    #[serde(default)]
    shops: Vec<Shop>,
    #[serde(default)]
    categories: Vec<Category>,
    #[serde(default)]
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct Shop {
    key: String,
    name: Both,
    intro: Both,
    place: Both,
    freight: FreightFile,
    ships_within_hours: i64,
    since_year: i64,
    contact_name: String,
    contact_phone: String,
}

#[derive(Deserialize)]
struct FreightFile {
    flat: i64,
    free_from: Option<i64>,
}

#[derive(Deserialize)]
struct Category {
    key: String,
    parent: Option<String>,
    name: Both,
}

#[derive(Deserialize)]
struct Product {
    key: String,
    shop: String,
    category: String,
    title: Both,
    description: Both,
    unit: UnitFile,
    tiers: Vec<Tier>,
    axis: Both,
    variants: Vec<VariantFile>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    pictures: Vec<PathBuf>,
    sold: i64,
}

#[derive(Deserialize)]
struct UnitFile {
    one: String,
    many: String,
    zh: String,
}

#[derive(Deserialize)]
struct VariantFile {
    sku: String,
    name: Both,
    surcharge: i64,
    stock: i64,
}

type Wrong = Box<dyn std::error::Error + Send + Sync>;

fn wrong(what: impl std::fmt::Display) -> Wrong {
    what.to_string().into()
}

/// What was loaded, for the lines that the start prints.
pub struct Loaded {
    pub shops: usize,
    pub products: usize,
}

/// Loads everything, or says that it is there already (`None`).
pub async fn load(vault: &Vault, directory: &Path, edition: i64) -> Result<Option<Loaded>, Wrong> {
    let there: bool =
        vault.data().read(|r| Ok::<_, Stop<()>>(!category::tree(r)?.all().is_empty())).await.map_err(wrong)?;
    if there {
        return Ok(None);
    }
    let file = read(directory)?;
    let operator = match register_staff(vault).await {
        Ok(id) => id,
        Err(why) => return Err(why),
    };
    register(vault, BUYER, "13800000001", edition).await?;
    let by = Actor::staff(&operator, Role::Operator);
    let mut sellers: HashMap<String, Seller> = HashMap::new();
    for (at, one) in file.shops.iter().enumerate() {
        let owner = register(vault, &seller_name(at), &format!("138000001{at:02}"), edition).await?;
        let seller = open_shop(vault, &by, owner, one, at).await?;
        sellers.insert(one.key.clone(), seller);
    }
    for (sort, one) in file.categories.iter().enumerate() {
        let new =
            NewCategory { key: one.key.clone(), parent: one.parent.clone(), name: one.name.clone(), sort: sort as i64 };
        vault.data().write(move |tx| category::put(tx, &new)).await.map_err(wrong)?;
    }
    let pictures = store_pictures(vault, directory, &file)?;
    let products = file.products.len();
    let shops = file.shops.len();
    // In an order that mixes the shops, so that the newest are not all of one.
    for chunk in mixed(file.products).chunks(50) {
        let rows: Vec<(Seller, NewProduct, i64)> = chunk
            .iter()
            .map(|one| {
                let seller = sellers.get(&one.shop).ok_or_else(|| wrong(format!("{}: no such shop", one.shop)))?;
                Ok((seller.clone(), new_product(one, &pictures)?, one.sold))
            })
            .collect::<Result<_, Wrong>>()?;
        vault
            .data()
            .write(move |tx| {
                for (seller, new, sold) in &rows {
                    let published = product::publish(tx, seller, new)?;
                    let variant = catalogue::view::own_product(tx, seller, &published.id)?
                        .and_then(|page| page.variants.first().map(|v| v.id.clone()));
                    if let (Some(variant), true) = (variant, *sold > 0) {
                        stock::count_sold(tx, &mut [(published.id.clone(), variant, *sold)])?;
                    }
                }
                Ok::<_, Stop<catalogue::Refused>>(())
            })
            .await
            .map_err(wrong)?;
    }
    Ok(Some(Loaded { shops, products }))
}

fn mixed(mut products: Vec<Product>) -> Vec<Product> {
    // A fixed shuffle by the key's own letters: the same demo on every machine.
    products.sort_by_key(|p| p.key.bytes().fold(5381_u64, |h, b| h.wrapping_mul(33) ^ u64::from(b)));
    products
}

fn read(directory: &Path) -> Result<File, Wrong> {
    let folder = directory.join("catalogue");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|e| wrong(format!("{}: {e}", folder.display())))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let mut all = File::default();
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let one: File = serde_json::from_str(&text).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
        all.shops.extend(one.shops);
        all.categories.extend(one.categories);
        all.products.extend(one.products);
    }
    Ok(all)
}

async fn register_staff(vault: &Vault) -> Result<Id, Wrong> {
    let account = member::staff::Account::parse(OPERATOR).map_err(|e| wrong(format!("{e:?}")))?;
    let name = Entered::parse(&Typed::new("Demo operator")).map_err(|e| wrong(format!("{e:?}")))?;
    let password = Entered::parse(&Typed::new(PASSWORD)).map_err(|e| wrong(format!("{e:?}")))?;
    let by = member::staff::command_line();
    let staff = member::staff::enlist(vault, &by, account, name, Role::Operator, &password).await.map_err(wrong)?;
    Ok(staff.id)
}

/// A member as from the form, by the code that the telephone gets.
async fn register(vault: &Vault, name: &str, phone: &str, edition: i64) -> Result<Id, Wrong> {
    // Each from an address of its own: the limits of one address are for people.
    let last = phone[phone.len() - 3..].parse::<u16>().unwrap_or(0);
    let from = ClientAddress::of(IpAddr::V4(Ipv4Addr::new(127, 1, (last >> 8) as u8, (last & 255) as u8)));
    let phone = Entered::parse(&Typed::new(phone)).map_err(|e| wrong(format!("{e:?}")))?;
    let sent = registration::begin(vault, &phone, &from).await.map_err(wrong)?;
    let to_send = sent.to_send.ok_or_else(|| wrong("no code was made"))?;
    let code = to_send.code.ok_or_else(|| wrong("the demo's telephone has an account"))?;
    let new = NewMember {
        code_id: sent.id,
        // The demo's telephone is in our own hand.
        code: Entered::parse(&Typed::new(code.expose().clone())).map_err(|e| wrong(format!("{e:?}")))?,
        name: Entered::parse(&Typed::new(name)).map_err(|e| wrong(format!("{e:?}")))?,
        password: Entered::parse(&Typed::new(PASSWORD)).map_err(|e| wrong(format!("{e:?}")))?,
        agreement: Agreement::of_box(true, edition).map_err(|e| wrong(format!("{e:?}")))?,
    };
    let registered = registration::finish(vault, &new).await.map_err(wrong)?;
    Ok(registered.member().id.clone())
}

async fn open_shop(vault: &Vault, by: &Actor, owner: Id, one: &Shop, at: usize) -> Result<Seller, Wrong> {
    let entered = |what: &str| Typed::new(what.to_owned());
    let application = Application {
        face: Face {
            name: one.name.clone(),
            intro: one.intro.clone(),
            place: one.place.clone(),
            freight: Freight { flat: one.freight.flat, free_from: one.freight.free_from },
            ships_within_hours: one.ships_within_hours,
            since_year: one.since_year,
        },
        contact: Contact {
            name: Entered::parse(&entered(&one.contact_name)).map_err(|e| wrong(format!("{}: {e:?}", one.key)))?,
            phone: Entered::parse(&entered(&one.contact_phone)).map_err(|e| wrong(format!("{}: {e:?}", one.key)))?,
        },
        representative: Representative::Myself,
        representative_name: Entered::parse(&entered("Demo representative")).map_err(|e| wrong(format!("{e:?}")))?,
        settlement_account: Entered::parse(&entered(&format!("20880000000{at:05}")))
            .map_err(|e| wrong(format!("{e:?}")))?,
    };
    let access = vault
        .access::<catalogue::policy::QualifySeller>(&Actor::own(&owner), std::slice::from_ref(&owner))
        .await
        .map_err(wrong)?;
    let (who, by) = (owner.clone(), by.clone());
    let shop = vault
        .data()
        .write(move |tx| {
            let id = shop::apply(tx, &who, &access, &application)?;
            shop::decide(tx, &by, &id, &Decision::Approve)?;
            Ok::<_, Stop<catalogue::Refused>>(id)
        })
        .await
        .map_err(wrong)?;
    Ok(Seller { member: owner, shop })
}

/// Decodes and stores all pictures, on as many threads as there are processors.
fn store_pictures(vault: &Vault, directory: &Path, file: &File) -> Result<HashMap<PathBuf, Stored>, Wrong> {
    let mut wanted: Vec<PathBuf> = file.products.iter().flat_map(|p| p.pictures.iter().cloned()).collect();
    wanted.sort();
    wanted.dedup();
    let next = AtomicUsize::new(0);
    let done: Mutex<HashMap<PathBuf, Stored>> = Mutex::default();
    let failed: Mutex<Option<String>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let whole = directory.join("pictures").join(path);
                    let stored = std::fs::read(&whole)
                        .map_err(|e| e.to_string())
                        .and_then(|bytes| picture::store(vault.data().blobs(), &bytes).map_err(|e| format!("{e:?}")));
                    match stored {
                        Ok(stored) => {
                            done.lock().expect("no panic holds it").insert(path.clone(), stored);
                        }
                        Err(why) => {
                            *failed.lock().expect("no panic holds it") = Some(format!("{}: {why}", whole.display()));
                            return;
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner().expect("no panic holds it") {
        Some(why) => Err(wrong(why)),
        None => Ok(done.into_inner().expect("no panic holds it")),
    }
}

fn new_product(one: &Product, pictures: &HashMap<PathBuf, Stored>) -> Result<NewProduct, Wrong> {
    let pictures = one
        .pictures
        .iter()
        .map(|path| {
            pictures.get(path).cloned().map(NewPicture::New).ok_or_else(|| wrong(format!("{}: no picture", one.key)))
        })
        .collect::<Result<_, Wrong>>()?;
    Ok(NewProduct {
        category: one.category.clone(),
        title: one.title.clone(),
        text: one.description.clone(),
        unit: Unit { one: one.unit.one.clone(), many: one.unit.many.clone(), zh: one.unit.zh.clone() },
        axis: one.axis.clone(),
        attributes: one.attributes.clone(),
        tiers: one.tiers.clone(),
        variants: one
            .variants
            .iter()
            .map(|v| NewVariant {
                id: None,
                sku: v.sku.clone(),
                name: v.name.clone(),
                surcharge: v.surcharge,
                stock: v.stock,
                stock_was: 0,
            })
            .collect(),
        pictures,
    })
}
