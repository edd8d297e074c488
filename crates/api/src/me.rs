//! 4.1 and 4.4: my account, who read my data, and what I agreed to.

use crate::caller::Me;
use crate::problem::{Answer, Error, Kind};
use crate::shape::{Page, Personal, Time, Words};
use crate::wire::{Json, Query, limit, not_a_cursor};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use db::Stop;
use member::account;
use member::policy::SignIn;
use policy::documents::{Notice, plain};
use policy::{Purpose, PurposeInfo, fields, recipients};
use serde::{Deserialize, Serialize};
use trade::policy::KeepAddressBook;
use utoipa::{IntoParams, ToSchema};
use vault::consent;
use vault::ledger::{self, Reading};
use web::app::no_access;
use web::{App, Lang};

/// Your account.
#[derive(Serialize, ToSchema)]
pub struct OwnAccount {
    pub name: Personal,
    /// Masked.
    pub phone: Personal,
    pub registered_at: Time,
    pub last_sign_in_at: Option<Time>,
}

/// Your account, as it was opened
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = OK, body = OwnAccount)))]
pub async fn get_own_account(State(app): State<App>, me: Me) -> Answer<axum::Json<OwnAccount>> {
    let access = app.vault.access::<SignIn>(&me.actor(), std::slice::from_ref(&me.0)).await.map_err(no_access)?;
    let own = app.ask(move |r| account::own(r, &access, &me.0)).await??;
    Ok(axum::Json(OwnAccount {
        name: Personal::of(&own.name),
        phone: Personal::masked(&own.phone),
        registered_at: Time(*own.registered_at.look()),
        last_sign_in_at: own.last_login_at.as_ref().map(|at| Time(*at.look())),
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReadingsAsked {
    /// Readings on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Somebody read fields of yours, or gave them to a partner.
#[derive(Serialize, ToSchema)]
pub struct ReadingShown {
    pub at: Time,
    /// In which role: `self`, `seller`, `job`, a role of the staff.
    pub role: String,
    pub role_name: Words,
    /// It was you.
    pub own: bool,
    /// The seller's shop.
    pub shop: Option<String>,
    pub purpose: String,
    pub why: Words,
    /// The part of the policy.
    pub section: String,
    pub fields: Vec<FieldShown>,
    /// To whom they were given.
    pub given_to: Option<Words>,
    /// What it was about: an order, an address.
    pub about: String,
}

#[derive(Serialize, ToSchema)]
pub struct FieldShown {
    pub id: String,
    pub name: Words,
}

fn shown(app: &App, me: &db::Id, reading: &Reading) -> Option<ReadingShown> {
    let purpose = app.map.purpose(&reading.purpose)?;
    let role = reading.role()?;
    let known = reading.fields.iter().filter_map(|id| fields::ALL.iter().find(|field| field.id == id));
    let given_to = reading.to.as_ref().and_then(|to| recipients::ALL.iter().find(|r| r.id == to));
    Some(ReadingShown {
        at: Time(reading.at),
        role: role.id().to_owned(),
        role_name: role.words().into(),
        own: reading.who.as_ref() == Some(me),
        shop: reading.shop.as_ref().map(|id| id.to_string()),
        purpose: purpose.id.to_owned(),
        why: purpose.says.into(),
        section: purpose.section.to_owned(),
        fields: known.map(|field| FieldShown { id: field.id.to_owned(), name: field.words.into() }).collect(),
        given_to: given_to.map(|to| to.words.into()),
        about: reading.about.to_string(),
    })
}

/// Who read your data, for which purpose, and to whom it was given; newest first
#[utoipa::path(get, path = "/api/v1/me/readings", tag = "me", params(ReadingsAsked), responses((status = OK, body = Page<ReadingShown>)))]
pub async fn list_readings(
    State(app): State<App>,
    Me(me): Me,
    Query(asked): Query<ReadingsAsked>,
) -> Answer<axum::Json<Page<ReadingShown>>> {
    let limit = usize::try_from(limit(asked.limit)?).unwrap_or(1);
    let after = asked.after.as_deref().map(|text| ledger::Place::parse(text).ok_or_else(not_a_cursor)).transpose()?;
    let person = me.clone();
    let found = app.read(move |r| Ok(ledger::of(r, &person, after.as_ref(), limit)?)).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.place().to_string());
    Ok(axum::Json(Page { items: found.iter().filter_map(|reading| shown(&app, &me, reading)).collect(), next }))
}

/// A consent that can be given, and whether it stands.
#[derive(Serialize, ToSchema)]
pub struct Consent {
    pub purpose: String,
    pub says: Words,
    /// What happens without it.
    pub refusal: Words,
    pub standing: bool,
    pub given_at: Option<Time>,
    pub withdrawn_at: Option<Time>,
    /// The words to show before asking, in the accepted language.
    pub notice: String,
    /// Their digest: sent with the consent, it says what was shown.
    pub notice_hash: String,
}

/// The notice as text: each part with its label.
fn words_of(notice: &Notice) -> String {
    notice.parts.iter().map(|part| format!("{}: {}", part.label, plain(&part.text))).collect::<Vec<_>>().join("\n")
}

fn asking(app: &App) -> impl Iterator<Item = &'static PurposeInfo> + '_ {
    app.map.purposes.iter().copied().filter(|purpose| purpose.basis.asks())
}

fn named(app: &App, id: &str) -> Answer<&'static PurposeInfo> {
    asking(app).find(|purpose| purpose.id == id).ok_or_else(Error::not_found)
}

/// What you can agree to, and what you have
#[utoipa::path(get, path = "/api/v1/me/consents", tag = "me", responses((status = OK, body = Vec<Consent>)))]
pub async fn list_consents(State(app): State<App>, Me(me): Me, lang: Lang) -> Answer<axum::Json<Vec<Consent>>> {
    let given = app.read(move |r| Ok(consent::of(r, &me)?)).await?;
    let all = asking(&app).map(|purpose| {
        let standing = given.iter().find(|s| s.purpose == purpose.id && s.withdrawn_at.is_none());
        let latest = standing.or_else(|| given.iter().find(|s| s.purpose == purpose.id));
        let notice = app.notice(purpose, lang);
        Consent {
            purpose: purpose.id.to_owned(),
            says: purpose.says.into(),
            refusal: purpose.refusal.into(),
            standing: standing.is_some(),
            given_at: latest.map(|s| Time(s.granted_at)),
            withdrawn_at: latest.and_then(|s| Time::some(s.withdrawn_at)),
            notice: words_of(&notice),
            notice_hash: notice.hash,
        }
    });
    Ok(axum::Json(all.collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// `notice_hash` of the words that were shown to the person.
    pub notice_hash: String,
    /// The language in which they were shown.
    pub language: crate::checkout::ReadIn,
}

impl NewConsent {
    /// What the person agreed to; words that are not today's are refused under `base`, to be shown anew.
    pub fn shown(&self, app: &App, purpose: &PurposeInfo, base: &str) -> Answer<consent::Shown> {
        let notice = app.notice(purpose, Lang(self.language.into())).hash;
        if self.notice_hash != notice {
            return Err(Error::field(Kind::Conflict, &format!("{base}notice_hash"), "consent-words-changed"));
        }
        Ok(consent::Shown { edition: app.edition_number(), notice, way: "API" })
    }
}

/// Agrees to one purpose, in the words that were shown
#[utoipa::path(put, path = "/api/v1/me/consents/{purpose}", tag = "me", params(("purpose" = String, Path)),
    request_body = NewConsent, responses((status = NO_CONTENT)))]
pub async fn give_consent(
    State(app): State<App>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(new): Json<NewConsent>,
) -> Answer<StatusCode> {
    let purpose = named(&app, &id)?;
    let shown = new.shown(&app, purpose, "")?;
    app.carry_out(move |tx| consent::grant_by_id(tx, &me, purpose.id, &shown)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a consent back; what rested on it goes at once
#[utoipa::path(delete, path = "/api/v1/me/consents/{purpose}", tag = "me", params(("purpose" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn withdraw_consent(State(app): State<App>, Me(me): Me, Path(id): Path<String>) -> Answer<StatusCode> {
    let purpose = named(&app, &id)?;
    app.carry_out(move |tx| {
        consent::withdraw_by_id(tx, &me, purpose.id)?;
        if purpose.id == KeepAddressBook::INFO.id {
            trade::address::withdrawn(tx, &me)?;
        }
        Ok::<_, Stop<std::convert::Infallible>>(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
