//! The demo: its members and its operator, and the goods of `demo/`. Loading again does nothing, also after a start that
//! was killed in the middle.

use catalogue::demo::{Demo, Loaded, Progress};
use db::{Failed, Id};
use member::ClientAddress;
use member::registration::{self, Agreement, NewMember, Registered};
use policy::fields::MemberName;
use policy::{Entered, Role, Typed};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use vault::Vault;

/// The password of every demo account.
pub const PASSWORD: &str = "wholesale-1688";
pub const BUYER: &str = "demo_buyer";
pub const OPERATOR: &str = "operator";

/// The name under which the owner of the demo's shop signs in; shops are numbered as the files have them.
pub fn seller_name(at: usize) -> String {
    format!("demo_seller_{}", at + 1)
}

type Wrong = Box<dyn std::error::Error + Send + Sync>;

fn wrong(what: impl std::fmt::Display) -> Wrong {
    what.to_string().into()
}

/// Registers the demo's people, then loads shops and goods, which takes some seconds.
pub async fn load(vault: &Vault, directory: &Path, edition: i64) -> Result<Loaded, Wrong> {
    register_staff(vault).await?;
    register(vault, BUYER, "13800000001", edition).await?;
    let demo = Demo::read(directory).map_err(wrong)?;
    let mut owners = HashMap::new();
    for (at, shop) in demo.shops.iter().enumerate() {
        let owner = register(vault, &seller_name(at), &format!("138000001{at:02}"), edition).await?;
        owners.insert(shop.key.clone(), owner);
    }
    let (vault, directory): (Vault, PathBuf) = (vault.clone(), directory.to_owned());
    let silent = |_: Progress| {};
    tokio::task::spawn_blocking(move || catalogue::demo::load(&vault, &directory, &owners, &silent).map_err(wrong))
        .await?
}

/// Refuses data in which an account of the demo still opens with the demo's password: everybody knows it.
pub async fn refuse(vault: &Vault) -> Result<(), String> {
    let password = Typed::new(PASSWORD);
    let mut opened = Vec::new();
    if member::staff::opens(vault, OPERATOR, &password).await.map_err(|e| e.to_string())? {
        opened.push(OPERATOR.to_owned());
    }
    for name in [BUYER.to_owned(), seller_name(0), seller_name(1)] {
        if member::sign_in::opens(vault, &Typed::new(&name), &password).await.map_err(|e| e.to_string())? {
            opened.push(name);
        }
    }
    if opened.is_empty() {
        return Ok(());
    }
    Err(format!(
        "these data hold the demo, whose password everybody knows ({}): begin with a folder or database of your own",
        opened.join(", ")
    ))
}

async fn register_staff(vault: &Vault) -> Result<(), Wrong> {
    let account = member::staff::Account::parse(OPERATOR).map_err(|e| wrong(format!("{e:?}")))?;
    let name = Entered::parse(&Typed::new("Demo operator")).map_err(|e| wrong(format!("{e:?}")))?;
    let password = Entered::parse(&Typed::new(PASSWORD)).map_err(|e| wrong(format!("{e:?}")))?;
    let by = member::staff::command_line();
    match member::staff::enlist(vault, &by, account, name, Role::Operator, &password).await {
        Ok(_) | Err(Failed::Refused(member::Refused::StaffAccountTaken)) => Ok(()),
        Err(failed) => Err(wrong(failed)),
    }
}

async fn register(vault: &Vault, name: &str, phone: &str, edition: i64) -> Result<Id, Wrong> {
    let known = Entered::<MemberName>::parse(&Typed::new(name)).map_err(|e| wrong(format!("{e:?}")))?;
    if let Some(id) = vault.keys().find(&known).await.map_err(wrong)? {
        return Ok(id);
    }
    Ok(new_member(vault, name, phone, edition).await?.member().id.clone())
}

/// A member as from the form, by the code that the telephone gets, with the demo's password. Of the demo, the bench and
/// the tests of load.
pub async fn new_member(vault: &Vault, name: &str, phone: &str, edition: i64) -> Result<Registered, Wrong> {
    // Each from an address of its own: the limits of one address are for people.
    let last = phone.get(phone.len().saturating_sub(7)..).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
    let [_, a, b, c] = last.to_be_bytes();
    let from = ClientAddress::of(IpAddr::V4(Ipv4Addr::new(127, a, b, c)));
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
    registration::finish(vault, &new).await.map_err(wrong)
}
