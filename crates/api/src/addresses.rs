//! 2.3.2: the address book, kept by consent: where it does not stand, every operation says so (409,
//! `refused-trade-address-book-off`), and `PUT /api/v1/me/consents/KeepAddressBook` gives it.

use crate::caller::Buying;
use crate::checkout::{NewConsignee, ReadIn};
use crate::once::{MaybeKey, made};
use crate::problem::{Answer, Error};
use crate::shape::{Personal, Words};
use crate::wire::{At, Json, JsonSaid};
use axum::extract::State;
use axum::http::StatusCode;
use db::Tx;
use member::attempt;
use serde::{Deserialize, Serialize};
use trade::address::{self, Kept, NewAddress, Whose};
use trade::policy::KeepAddressBook;
use trade::{Buyer, NotReady, Refused};
use utoipa::ToSchema;
use vault::{Access, NoAccess};
use web::app::{App, ready};
use web::{FormErrors, app};

/// A kept address.
#[derive(Serialize, ToSchema)]
pub struct Address {
    pub id: String,
    pub name: Personal,
    pub phone: Personal,
    pub alt_phone: Option<Personal>,
    pub address: Personal,
    pub preferred: bool,
    /// Ordering to it asks for the assurance.
    pub of_another: bool,
}

impl From<&Kept> for Address {
    fn from(kept: &Kept) -> Address {
        Address {
            id: kept.id.to_string(),
            name: Personal::of(&kept.name),
            phone: Personal::of(&kept.phone),
            alt_phone: Personal::some(&kept.alt_phone),
            address: Personal::of(&kept.place),
            preferred: kept.preferred,
            of_another: kept.of_another,
        }
    }
}

/// The address book.
#[derive(Serialize, ToSchema)]
pub struct AddressBook {
    /// The preferred one first, then the latest.
    pub addresses: Vec<Address>,
    /// What the member assures who keeps somebody else's address.
    pub assurance: Words,
}

/// Access to the book, where the member has agreed to keeping one.
async fn book(app: &App, buyer: &Buyer) -> Answer<Access<KeepAddressBook>> {
    match address::prepare(&app.vault, buyer).await {
        Err(NotReady::NoAccess(NoAccess::NoConsent { .. })) => Err(Error::refused(&Refused::AddressBookOff)),
        other => Ok(ready(other)??),
    }
}

/// The address book
#[utoipa::path(get, path = "/api/v1/addresses", tag = "addresses", responses((status = OK, body = AddressBook)))]
pub async fn list_addresses(State(app): State<App>, Buying(buyer): Buying) -> Answer<axum::Json<AddressBook>> {
    let access = book(&app, &buyer).await?;
    let kept = app.ask(move |r| address::list(r, &buyer, &access)).await??;
    let addresses = kept.iter().map(Address::from).collect();
    Ok(axum::Json(AddressBook { addresses, assurance: address::ASSURANCE.into() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeptAddress {
    pub consignee: NewConsignee,
    /// Somebody else's; needs `assured`.
    #[serde(default)]
    pub of_another: bool,
    /// The member assures that they agreed, in the words of the book.
    #[serde(default)]
    pub assured: Option<ReadIn>,
    #[serde(default)]
    pub preferred: bool,
}

#[derive(Serialize, ToSchema)]
pub struct AddressKept {
    pub id: String,
}

/// Keeps an address
///
/// Sent again under the same key it is kept once.
#[utoipa::path(post, path = "/api/v1/addresses", tag = "addresses", request_body = NewKeptAddress, params(MaybeKey),
    responses((status = CREATED, body = AddressKept), (status = OK, body = AddressKept, description = "Kept before")))]
pub async fn keep_address(
    State(app): State<App>,
    Buying(buyer): Buying,
    key: MaybeKey,
    JsonSaid { said, read: new }: JsonSaid<NewKeptAddress>,
) -> Answer<(StatusCode, axum::Json<AddressKept>)> {
    let mut errors = FormErrors::default();
    let place = new.consignee.read("consignee.", &mut errors);
    if new.of_another && new.assured.is_none() {
        app::Told::tell(&Refused::AssuranceMissing, &mut errors);
    }
    let Some(place) = place.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
    let access = book(&app, &buyer).await?;
    let whose = match new.assured.filter(|_| new.of_another) {
        Some(read) => ready(Whose::another(&app.vault, &buyer, read.into()).await)??,
        None => Whose::own(),
    };
    let new = NewAddress { whose, place, preferred: new.preferred };
    let attempt = key.attempt(&app, &buyer.member, "keep_address", &[&said]).await?;
    let keep = move |tx: &mut Tx| attempt::once(tx, attempt.as_ref(), |tx| address::keep(tx, &buyer, &access, &new));
    let (status, id) = made(app.write(keep).await??, StatusCode::CREATED)?;
    Ok((status, axum::Json(AddressKept { id: id.to_string() })))
}

/// Of an address in the path: one that is not the member's is not there.
fn gone(refused: Refused) -> Error {
    match refused {
        Refused::NoSuchAddress => Error::not_found(),
        other => other.into(),
    }
}

/// Writes an address anew
#[utoipa::path(put, path = "/api/v1/addresses/{address}", tag = "addresses", params(("address" = String, Path)),
    request_body = NewConsignee, responses((status = NO_CONTENT)))]
pub async fn edit_address(
    State(app): State<App>,
    Buying(buyer): Buying,
    At(id): At,
    Json(new): Json<NewConsignee>,
) -> Answer<StatusCode> {
    let mut errors = FormErrors::default();
    let Some(place) = new.read("", &mut errors) else { return Err(errors.into()) };
    let access = book(&app, &buyer).await?;
    app.write(move |tx| address::edit(tx, &buyer, &access, &id, &place)).await?.map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an address out, at once and for good
#[utoipa::path(delete, path = "/api/v1/addresses/{address}", tag = "addresses", params(("address" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn remove_address(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| address::remove(tx, &buyer, &id)).await?.map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers this address first
#[utoipa::path(post, path = "/api/v1/addresses/{address}/prefer", tag = "addresses", params(("address" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn prefer_address(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| address::prefer(tx, &buyer, &id)).await?.map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}
