//! The shop's webhooks: where programs are told of its orders, what was sent, sending again. What is sent itself stands
//! in the document too, as its `webhooks`.

use crate::caller::{ByToken, Selling};
use crate::once::{MaybeKey, made};
use crate::problem::{Answer, Error, Kind};
use crate::shape::{Money, OrderState, Page, Time};
use crate::wire::{At, Ids, Json, JsonSaid, Query, after, limit};
use axum::extract::State;
use axum::http::StatusCode;
use db::{Id, Read, Tx};
use member::{Proven, attempt};
use serde::{Deserialize, Serialize};
use trade::Refused;
use trade::hooks::endpoint::{self, Endpoint};
use trade::hooks::log::{self, Delivery, Outcome, Try};
use trade::hooks::{NewEndpoint, Topic};
use utoipa::{IntoParams, ToSchema};
use web::FormErrors;
use web::app::{App, Told};
use web::pages::sell::hooks::{checked, outcome_label};

/// What a webhook can be told of.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum HookTopic {
    #[serde(rename = "order.placed")]
    OrderPlaced,
    #[serde(rename = "order.paid")]
    OrderPaid,
    #[serde(rename = "order.shipped")]
    OrderShipped,
    #[serde(rename = "order.received")]
    OrderReceived,
    #[serde(rename = "order.completed")]
    OrderCompleted,
    /// By the buyer, before payment.
    #[serde(rename = "order.cancelled")]
    OrderCancelled,
    /// Unpaid for too long.
    #[serde(rename = "order.closed")]
    OrderClosed,
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    /// Sent by hand only; it cannot be chosen.
    #[serde(rename = "webhook.test")]
    WebhookTest,
}

/// Both lists are in one order.
const TOPICS: [HookTopic; 9] = [
    HookTopic::OrderPlaced,
    HookTopic::OrderPaid,
    HookTopic::OrderShipped,
    HookTopic::OrderReceived,
    HookTopic::OrderCompleted,
    HookTopic::OrderCancelled,
    HookTopic::OrderClosed,
    HookTopic::OrderRefunded,
    HookTopic::WebhookTest,
];

impl From<Topic> for HookTopic {
    fn from(topic: Topic) -> HookTopic {
        let at = Topic::ALL.iter().position(|one| *one == topic);
        at.map_or(HookTopic::WebhookTest, |at| TOPICS[at])
    }
}

/// `webhook.test` stands for none that can be chosen.
fn chosen(topics: &[HookTopic]) -> Vec<Topic> {
    Topic::ALL.into_iter().filter(|topic| topics.contains(&HookTopic::from(*topic))).collect()
}

/// Whether a webhook is told.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    On,
    /// By you.
    Off,
    /// It took nothing for five days.
    Failing,
    /// It answered 410.
    Gone,
}

impl From<endpoint::State> for HookState {
    fn from(state: endpoint::State) -> HookState {
        match state {
            endpoint::State::On => HookState::On,
            endpoint::State::Off => HookState::Off,
            endpoint::State::Failing => HookState::Failing,
            endpoint::State::Gone => HookState::Gone,
        }
    }
}

/// A webhook of your shop.
#[derive(Serialize, ToSchema)]
pub struct Webhook {
    pub id: String,
    pub name: String,
    pub url: String,
    pub topics: Vec<HookTopic>,
    pub state: HookState,
    pub state_since: Time,
    /// The first failure after the last success.
    pub failing_since: Option<Time>,
    pub delivered_at: Option<Time>,
    pub secret_since: Time,
    /// Until when the secret before signs too.
    pub old_secret_until: Option<Time>,
    pub made_at: Time,
}

impl From<&Endpoint> for Webhook {
    fn from(one: &Endpoint) -> Webhook {
        Webhook {
            id: one.id.to_string(),
            name: one.name.clone(),
            url: one.address.clone(),
            topics: one.topics.iter().map(|topic| (*topic).into()).collect(),
            state: one.state.into(),
            state_since: Time(one.state_since),
            failing_since: Time::some(one.failing_since),
            delivered_at: Time::some(one.delivered_at),
            secret_since: Time(one.secret_since),
            old_secret_until: Time::some(one.old_secret_until),
            made_at: Time(one.made_at),
        }
    }
}

/// A webhook with its secret, which is told when it is made.
#[derive(Serialize, ToSchema)]
pub struct WebhookWithSecret {
    pub webhook: Webhook,
    /// `whsec_…`, as the Standard Webhooks libraries take it.
    pub secret: String,
}

/// Where your program listens, and what it wants to hear.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// What the program is called; not a person's name.
    #[schema(max_length = 60)]
    pub name: String,
    /// `https://…`, reached from the internet.
    #[schema(max_length = 500)]
    pub url: String,
    pub topics: Vec<HookTopic>,
}

impl NewWebhook {
    async fn checked(&self, app: &App) -> Answer<NewEndpoint> {
        checked(app, &self.name, &self.url, chosen(&self.topics)).await?.map_err(|wrong| {
            let mut errors = FormErrors::default();
            wrong.iter().for_each(|refused| refused.tell(&mut errors));
            errors.into()
        })
    }
}

/// The webhooks of your shop
#[utoipa::path(get, path = "/api/v1/sell/webhooks", tag = "webhooks", responses((status = OK, body = Vec<Webhook>)))]
pub async fn list_webhooks(State(app): State<App>, Selling(seller): Selling) -> Answer<axum::Json<Vec<Webhook>>> {
    let all = app.read(move |r| endpoint::list(r, &seller)).await?;
    Ok(axum::Json(all.iter().map(Webhook::from).collect()))
}

/// One webhook
#[utoipa::path(get, path = "/api/v1/sell/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = OK, body = Webhook)))]
pub async fn get_webhook(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<axum::Json<Webhook>> {
    let one = app.ask(move |r| endpoint::one(r, &seller, &id)).await??;
    Ok(axum::Json((&one).into()))
}

async fn with_secret(
    app: App,
    seller: catalogue::shop::Seller,
    proven: Proven,
    id: Id,
) -> Answer<axum::Json<WebhookWithSecret>> {
    let hooks = app.hooks.clone();
    let read =
        move |r: &mut Read| Ok((endpoint::one(r, &seller, &id)?, endpoint::secret(r, &seller, &proven, &hooks, &id)?));
    let (one, secret) = app.ask(read).await??;
    Ok(axum::Json(WebhookWithSecret { webhook: (&one).into(), secret: secret.told().to_string() }))
}

/// Makes a webhook; the answer tells its secret
///
/// Sent again under the same key it is made once, and its secret is told again: so for 24 hours, and nowhere else.
#[utoipa::path(post, path = "/api/v1/sell/webhooks", tag = "webhooks", request_body = NewWebhook, params(MaybeKey),
    responses((status = CREATED, body = WebhookWithSecret),
        (status = OK, body = WebhookWithSecret, description = "Made before")))]
pub async fn make_webhook(
    State(app): State<App>,
    Selling(seller): Selling,
    ByToken(proven): ByToken,
    key: MaybeKey,
    JsonSaid { said, read: new }: JsonSaid<NewWebhook>,
) -> Answer<(StatusCode, axum::Json<WebhookWithSecret>)> {
    let attempt = key.attempt(&app, &seller.member, "make_webhook", &[&said]).await?;
    let new = new.checked(&app).await?;
    let (of, by, hooks) = (seller.clone(), proven.clone(), app.hooks.clone());
    let make = move |tx: &mut Tx| {
        attempt::once(tx, attempt.as_ref(), |tx| endpoint::register(tx, &of, &by, &hooks, &new).map(|(id, _)| id))
    };
    let (status, id) = made(app.write(make).await??, StatusCode::CREATED)?;
    Ok((status, with_secret(app, seller, proven, id).await?))
}

/// Changes a webhook's name, address or topics
#[utoipa::path(put, path = "/api/v1/sell/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = NewWebhook, responses((status = OK, body = Webhook)))]
pub async fn edit_webhook(
    State(app): State<App>,
    Selling(seller): Selling,
    ByToken(proven): ByToken,
    At(id): At,
    Json(new): Json<NewWebhook>,
) -> Answer<axum::Json<Webhook>> {
    // Somebody else's is not there, before an address is looked at.
    let (of, known) = (seller.clone(), id.clone());
    app.ask(move |r| endpoint::one(r, &of, &known)).await??;
    let new = new.checked(&app).await?;
    let (of, known) = (seller.clone(), id.clone());
    app.write(move |tx| endpoint::edit(tx, &of, &proven, &known, &new)).await??;
    get_webhook(State(app), Selling(seller), At(id)).await
}

/// Deletes a webhook, with its log
#[utoipa::path(delete, path = "/api/v1/sell/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn delete_webhook(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| endpoint::remove(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret; the one before signs for another 24 hours
///
/// Sent again under the same key it makes one, so that the one before goes on signing.
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/secret", tag = "webhooks",
    params(("webhook" = String, Path), MaybeKey),
    responses((status = OK, body = WebhookWithSecret)))]
pub async fn rotate_webhook_secret(
    State(app): State<App>,
    Selling(seller): Selling,
    ByToken(proven): ByToken,
    At(id): At,
    key: MaybeKey,
) -> Answer<axum::Json<WebhookWithSecret>> {
    let attempt = key.attempt(&app, &seller.member, "rotate_webhook_secret", &[id.as_str().as_bytes()]).await?;
    let (of, by, hooks) = (seller.clone(), proven.clone(), app.hooks.clone());
    let rotate = move |tx: &mut Tx| {
        attempt::once(tx, attempt.as_ref(), |tx| endpoint::rotate(tx, &of, &by, &hooks, &id).map(|_| id.clone()))
    };
    let (_, id) = made(app.write(rotate).await??, StatusCode::OK)?;
    with_secret(app, seller, proven, id).await
}

/// Turns a webhook on
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/on", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn turn_webhook_on(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| endpoint::turn_on(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Turns a webhook off; what happens meanwhile is kept as missed
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/off", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn turn_webhook_off(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| endpoint::turn_off(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A message on its way.
#[derive(Serialize, ToSchema)]
pub struct DeliveryAsked {
    pub delivery: String,
}

/// Sends a test
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/test", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = ACCEPTED, body = DeliveryAsked)))]
pub async fn test_webhook(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
) -> Answer<(StatusCode, axum::Json<DeliveryAsked>)> {
    let delivery = app.write(move |tx| endpoint::test(tx, &seller, &id)).await??;
    Ok((StatusCode::ACCEPTED, axum::Json(DeliveryAsked { delivery: delivery.to_string() })))
}

// --- the log -------------------------------------------------------------------------------------------------------------

/// Where a delivery stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// Every try failed.
    Failed,
    /// The webhook was off.
    Missed,
}

impl From<log::State> for DeliveryState {
    fn from(state: log::State) -> DeliveryState {
        match state {
            log::State::Waiting => DeliveryState::Waiting,
            log::State::Delivered => DeliveryState::Delivered,
            log::State::Failed => DeliveryState::Failed,
            log::State::Missed => DeliveryState::Missed,
        }
    }
}

/// What came of a try.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TryOutcome {
    Taken,
    Refused,
    /// A redirect, which is not followed.
    Moved,
    Unknown,
    NotPublic,
    TimedOut,
    Tls,
    NoConnection,
    BadAnswer,
}

impl From<Outcome> for TryOutcome {
    fn from(outcome: Outcome) -> TryOutcome {
        match outcome {
            Outcome::Taken => TryOutcome::Taken,
            Outcome::Refused => TryOutcome::Refused,
            Outcome::Moved => TryOutcome::Moved,
            Outcome::Unknown => TryOutcome::Unknown,
            Outcome::NotPublic => TryOutcome::NotPublic,
            Outcome::TimedOut => TryOutcome::TimedOut,
            Outcome::Tls => TryOutcome::Tls,
            Outcome::NoConnection => TryOutcome::NoConnection,
            Outcome::BadAnswer => TryOutcome::BadAnswer,
        }
    }
}

/// One try.
#[derive(Serialize, ToSchema)]
pub struct DeliveryTry {
    pub number: i64,
    pub at: Time,
    pub outcome: TryOutcome,
    /// The same in words.
    pub words: crate::shape::Words,
    /// The HTTP status of the answer; null where none came.
    pub status: Option<i64>,
    pub took_ms: i64,
}

impl From<&Try> for DeliveryTry {
    fn from(one: &Try) -> DeliveryTry {
        DeliveryTry {
            number: one.number,
            at: Time(one.at),
            outcome: one.outcome.into(),
            words: crate::shape::Words::message(outcome_label(one.outcome)),
            status: (one.status > 0).then_some(one.status),
            took_ms: one.took_ms,
        }
    }
}

/// One message on its way, or what became of it; kept for 30 days.
#[derive(Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// The `webhook-id` of every try.
    pub id: String,
    pub topic: HookTopic,
    /// The order; of a test the webhook.
    pub about: String,
    /// When it happened.
    pub at: Time,
    pub state: DeliveryState,
    pub tries_count: i64,
    /// When it is tried next.
    pub due_at: Option<Time>,
    pub done_at: Option<Time>,
    pub last_try: Option<DeliveryTry>,
}

impl From<&Delivery> for WebhookDelivery {
    fn from(one: &Delivery) -> WebhookDelivery {
        WebhookDelivery {
            id: one.id.to_string(),
            topic: one.topic.into(),
            about: one.about.to_string(),
            at: Time(one.at),
            state: one.state.into(),
            tries_count: one.tries,
            due_at: Time::some(one.due_at),
            done_at: Time::some(one.done_at),
            last_try: one.last.as_ref().map(DeliveryTry::from),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesAsked {
    /// `waiting`, `delivered`, `failed` or `missed`, separated by commas; all where none is named.
    #[param(example = "failed,missed")]
    state: Option<String>,
    /// Rows on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What was sent to a webhook in the last 30 days, newest first
#[utoipa::path(get, path = "/api/v1/sell/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path), DeliveriesAsked), responses((status = OK, body = Page<WebhookDelivery>)))]
pub async fn list_deliveries(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    Query(asked): Query<DeliveriesAsked>,
) -> Answer<axum::Json<Page<WebhookDelivery>>> {
    let named = asked.state.as_deref().unwrap_or("").split(',').map(str::trim).filter(|id| !id.is_empty());
    let states: Option<Vec<_>> = named.map(log::State::parse).collect();
    let states = states.ok_or_else(|| Error::field(Kind::Invalid, "state", "invalid-choice"))?;
    let (limit, before) = (limit(asked.limit)?, after(asked.after.as_deref())?);
    let rows = app.ask(move |r| log::list(r, &seller, &id, &states, before.as_ref(), limit + 1)).await??;
    Ok(Page::of(rows, limit, |delivery| delivery.id.to_string()))
}

/// A delivery with every try, newest first.
#[derive(Serialize, ToSchema)]
pub struct DeliveryWithTries {
    pub delivery: WebhookDelivery,
    pub tries: Vec<DeliveryTry>,
}

/// One delivery
#[utoipa::path(get, path = "/api/v1/sell/webhooks/{webhook}/deliveries/{delivery}", tag = "webhooks",
    params(("webhook" = String, Path), ("delivery" = String, Path)), responses((status = OK, body = DeliveryWithTries)))]
pub async fn get_delivery(
    State(app): State<App>,
    Selling(seller): Selling,
    Ids([webhook, id]): Ids<2>,
) -> Answer<axum::Json<DeliveryWithTries>> {
    let (delivery, tries) = app.ask(move |r| log::one(r, &seller, &webhook, &id)).await??;
    let tries = tries.iter().map(DeliveryTry::from).collect();
    Ok(axum::Json(DeliveryWithTries { delivery: (&delivery).into(), tries }))
}

/// Sends a delivery again, with the same `webhook-id`
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("webhook" = String, Path), ("delivery" = String, Path)), responses((status = ACCEPTED)))]
pub async fn replay_delivery(
    State(app): State<App>,
    Selling(seller): Selling,
    Ids([webhook, id]): Ids<2>,
) -> Answer<StatusCode> {
    app.write(move |tx| log::replay(tx, &seller, &webhook, &id)).await??;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaySince {
    /// From this moment on.
    pub since: Time,
}

/// How much is sent again.
#[derive(Serialize, ToSchema)]
pub struct Replaying {
    pub count: i64,
}

/// Sends again all that failed or was missed since a moment
#[utoipa::path(post, path = "/api/v1/sell/webhooks/{webhook}/replay", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = ReplaySince, responses((status = ACCEPTED, body = Replaying)))]
pub async fn replay_webhook(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    Json(asked): Json<ReplaySince>,
) -> Answer<(StatusCode, axum::Json<Replaying>)> {
    let replaying = app.write(move |tx| log::replay_since(tx, &seller, &id, asked.since.0)).await?;
    let count = replaying.map_err(|refused: Refused| Error::refused(&refused))?;
    Ok((StatusCode::ACCEPTED, axum::Json(Replaying { count })))
}

// --- what is sent --------------------------------------------------------------------------------------------------------

/// What a webhook of an order is sent. Never a name, a telephone, an address or a note.
#[derive(Serialize, ToSchema)]
pub struct OrderMessage {
    /// What happened.
    #[serde(rename = "type")]
    pub topic: HookTopic,
    /// When it happened; `webhook-timestamp` says when it was sent.
    pub timestamp: Time,
    pub data: OrderMessageData,
}

#[derive(Serialize, ToSchema)]
pub struct OrderMessageData {
    /// The order's id, for the other operations.
    pub order: String,
    /// As people call it.
    pub number: String,
    pub shop: String,
    /// The state that it came into.
    pub state: OrderState,
    /// The state that it was in when this was sent: messages come in any order.
    pub state_now: OrderState,
    pub goods: Money,
    pub freight: Money,
    pub total: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_called_as_they_are_sent() {
        for topic in Topic::ALL.into_iter().chain([Topic::Test]) {
            assert_eq!(serde_json::to_value(HookTopic::from(topic)).unwrap(), topic.id());
        }
        assert_eq!(chosen(&TOPICS), Topic::ALL);
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(TryOutcome::from(outcome)).unwrap(), outcome.id());
        }
        for state in log::State::ALL {
            assert_eq!(serde_json::to_value(DeliveryState::from(state)).unwrap(), state.id());
        }
        for state in endpoint::State::ALL {
            assert_eq!(serde_json::to_value(HookState::from(state)).unwrap(), state.id());
        }
    }
}
