//! The seller's own shop, or the application for one.

use crate::caller::{Me, Selling};
use crate::problem::{Answer, Error};
use crate::shape::{ShopFace, Time};
use crate::wire::Json;
use axum::extract::State;
use axum::http::StatusCode;
use catalogue::policy::QualifySeller;
use catalogue::shop::{self, Application, Contact, Face, Representative};
use policy::fields::{StoreContactName, StoreContactPhone};
use policy::{Entered, Typed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::app::{App, no_access};
use web::error::Failure;
use web::pages::sell::payable_account;
use web::{FieldError, FormErrors};

/// Where a shop stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShopState {
    Applied,
    Open,
    Refused,
    /// Orders in hand go on; its goods are not for sale.
    Paused,
    Closed,
}

impl From<shop::State> for ShopState {
    fn from(state: shop::State) -> ShopState {
        match state {
            shop::State::Applied => ShopState::Applied,
            shop::State::Open => ShopState::Open,
            shop::State::Refused => ShopState::Refused,
            shop::State::Paused => ShopState::Paused,
            shop::State::Closed => ShopState::Closed,
        }
    }
}

impl From<ShopState> for shop::State {
    fn from(state: ShopState) -> shop::State {
        match state {
            ShopState::Applied => shop::State::Applied,
            ShopState::Open => shop::State::Open,
            ShopState::Refused => shop::State::Refused,
            ShopState::Paused => shop::State::Paused,
            ShopState::Closed => shop::State::Closed,
        }
    }
}

/// A shop as its owner and the operator see it.
#[derive(Serialize, ToSchema)]
pub struct OwnShop {
    pub id: String,
    pub state: ShopState,
    pub face: ShopFace,
    /// Public once the shop is open; empty when it has closed.
    pub contact_name: String,
    pub contact_phone: String,
    pub applied_at: Time,
    pub decided_at: Option<Time>,
    /// Why the operator refused or paused it.
    pub reason: String,
    /// For an edit that is made from it.
    pub version: i64,
}

impl From<&shop::OwnShop> for OwnShop {
    fn from(own: &shop::OwnShop) -> OwnShop {
        OwnShop {
            id: own.id.to_string(),
            state: own.state.into(),
            face: (&own.face).into(),
            contact_name: own.contact_name.clone(),
            contact_phone: own.contact_phone.clone(),
            applied_at: Time(own.applied_at),
            decided_at: Time::some(own.decided_at),
            reason: own.decision.clone(),
            version: own.version,
        }
    }
}

/// Your shop, or the latest application for one
#[utoipa::path(get, path = "/api/v1/sell/shop", tag = "sell", responses((status = OK, body = OwnShop)))]
pub async fn get_own_shop(State(app): State<App>, Me(me): Me) -> Answer<axum::Json<OwnShop>> {
    let own = app.read(move |r| Ok(shop::of_member(r, &me)?)).await?.ok_or_else(Error::not_found)?;
    Ok(axum::Json((&own).into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Everybody will read it (E-commerce Law 15).
    #[schema(value_type = String)]
    pub name: Typed,
    #[schema(value_type = String)]
    pub phone: Typed,
}

impl NewContact {
    fn read(&self, errors: &mut FormErrors) -> Option<Contact> {
        let name = errors.take("contact.name", Entered::<StoreContactName>::parse(&self.name));
        let phone = errors.take("contact.phone", Entered::<StoreContactPhone>::parse(&self.phone));
        Some(Contact { name: name?, phone: phone? })
    }
}

/// A refusal at the field of the face.
fn at_face(refused: catalogue::Refused) -> Error {
    let field = refused.field().map(|field| match field {
        "freight" => "face.freight.flat".to_owned(),
        "freight_free_from" => "face.freight.free_from".to_owned(),
        other => format!("face.{other}"),
    });
    Error::refused_at(&refused, field.as_deref())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShop {
    pub face: ShopFace,
    pub contact: NewContact,
    #[schema(value_type = String)]
    pub representative_name: Typed,
    /// The legal representative is somebody else than you; needs `assured`.
    #[serde(default)]
    pub representative_is_another: bool,
    /// They agreed that you give their name.
    #[serde(default)]
    pub assured: bool,
    #[schema(value_type = String)]
    pub settlement_account: Typed,
}

#[derive(Serialize, ToSchema)]
pub struct ShopApplied {
    pub id: String,
}

/// Applies for a shop; the operator decides
#[utoipa::path(post, path = "/api/v1/sell/shop", tag = "sell", request_body = NewShop, responses((status = CREATED, body = ShopApplied)))]
pub async fn apply_for_shop(
    State(app): State<App>,
    me: Me,
    Json(new): Json<NewShop>,
) -> Answer<(StatusCode, axum::Json<ShopApplied>)> {
    let mut errors = FormErrors::default();
    let contact = new.contact.read(&mut errors);
    let name = errors.take("representative_name", Entered::parse(&new.representative_name));
    if new.representative_is_another && !new.assured {
        errors.add(FieldError::plain("assured", "sell-assurance-missing"));
    }
    let account = payable_account(&new.settlement_account, &mut errors);
    let (Some(contact), Some(representative_name), Some(settlement_account), true) =
        (contact, name, account, errors.is_empty())
    else {
        return Err(errors.into());
    };
    let access =
        app.vault.access::<QualifySeller>(&me.actor(), std::slice::from_ref(&me.0)).await.map_err(no_access)?;
    let (representative, access) = if new.representative_is_another {
        let person = app.vault.keys().fresh().await.map_err(Failure::fault)?;
        let access = access.and_fresh([&person]);
        (Representative::Other(person), access)
    } else {
        (Representative::Myself, access)
    };
    let face = Face::from(&new.face);
    let application = Application { face, contact, representative, representative_name, settlement_account };
    let id = app.write(move |tx| shop::apply(tx, &me.0, &access, &application)).await?.map_err(at_face)?;
    Ok((StatusCode::CREATED, axum::Json(ShopApplied { id: id.to_string() })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShopEdit {
    /// The version that the edit was made from.
    pub version: i64,
    pub face: ShopFace,
    pub contact: NewContact,
}

/// Changes what your shop says of itself
#[utoipa::path(put, path = "/api/v1/sell/shop", tag = "sell", request_body = NewShopEdit, responses((status = OK, body = OwnShop)))]
pub async fn edit_own_shop(
    State(app): State<App>,
    Selling(seller): Selling,
    Json(new): Json<NewShopEdit>,
) -> Answer<axum::Json<OwnShop>> {
    let mut errors = FormErrors::default();
    let Some(contact) = new.contact.read(&mut errors) else { return Err(errors.into()) };
    let (of, face) = (seller.clone(), Face::from(&new.face));
    app.write(move |tx| shop::edit(tx, &of, new.version, &face, &contact)).await?.map_err(at_face)?;
    get_own_shop(State(app), Me(seller.member)).await
}
