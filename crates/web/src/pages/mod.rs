//! The pages, one file per scenario: each puts together what its domains say, and hands forms to their commands.

pub mod cart;
pub mod checkout;
pub mod console;
pub mod documents;
pub mod guest;
pub mod hooks;
pub mod member;
pub mod orders;
pub mod privacy;
pub mod prove;
pub mod search;
pub mod sell;
pub mod tokens;

use crate::app::{self, App};
use crate::frame::paths;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

/// Every page of the marketplace, with the session read before it.
pub fn pages(app: &App) -> Router {
    let pages: Router<App> = Router::new()
        .route(paths::HOME, get(guest::home))
        .route(paths::SEARCH, get(search::list))
        .route(paths::CATEGORIES, get(guest::categories))
        .route("/product/{id}", get(guest::product))
        .route("/shop/{id}", get(guest::shop_page))
        .route(paths::POLICY, get(documents::policy))
        .route(paths::COLLECTED, get(documents::collected))
        .route(paths::PARTNERS, get(documents::partners))
        .route("/privacy/download/{name}", get(documents::download))
        .route(paths::COOKIES, get(documents::cookies))
        .route(paths::RIGHTS, get(documents::rights))
        .route(paths::CONTACT, get(documents::rights))
        .route(paths::REGISTER, get(member::register).post(member::register_phone))
        .route("/register/account", post(member::register_account))
        .route(paths::SIGN_IN, get(member::sign_in_page).post(member::sign_in_by_password))
        .route("/sign-in/code", get(member::code_page).post(member::code_send))
        .route("/sign-in/code/enter", post(member::code_enter))
        .route("/sign-in/forgotten", get(member::forgotten_page).post(member::forgotten_send))
        .route("/sign-in/forgotten/enter", post(member::forgotten_enter))
        .route(paths::SIGN_OUT, post(member::sign_out))
        .route(paths::MY, get(member::my))
        .route("/my/security", get(member::security))
        .route("/my/security/password", post(member::change_password))
        .route("/my/security/device/{answer}", post(member::answer_device))
        .route(prove::MINE, get(prove::page).post(prove::by_password))
        .route("/my/security/prove/code", post(prove::send_code))
        .route("/my/security/prove/enter", post(prove::by_code))
        .route("/my/security/end", post(member::end_session))
        .route("/my/security/end-others", post(member::end_others))
        .route(tokens::MINE, get(tokens::mine).post(tokens::make_mine))
        .route("/my/tokens/end", post(tokens::end_mine))
        .route(paths::MY_PRIVACY, get(privacy::readings))
        .route("/my/privacy/consents", get(privacy::consents))
        .route("/my/privacy/consents/answer", post(privacy::answer))
        .route("/my/privacy/consents/withdraw", post(privacy::withdraw))
        .route("/my/privacy/consents/{purpose}", get(privacy::one_consent))
        .route("/my/addresses", get(privacy::addresses))
        .route("/my/addresses/new", get(privacy::new_address).post(privacy::add_address))
        .route("/my/addresses/remove", post(privacy::remove_address))
        .route("/my/addresses/prefer", post(privacy::prefer_address))
        .route("/my/addresses/{id}", get(privacy::edit_address).post(privacy::save_address))
        .route(paths::CART, get(cart::show))
        .route("/cart/add", post(cart::add))
        .route("/cart/set", post(cart::set))
        .route("/cart/remove", post(cart::remove))
        .route("/cart/choose", post(cart::choose))
        .route("/checkout", get(checkout::show).post(checkout::place))
        .route("/pay/return", get(checkout::returned))
        .route("/pay/{checkout}", get(checkout::pay).post(checkout::go_pay))
        .route(paths::ORDERS, get(orders::list))
        .route("/orders/{id}", get(orders::show))
        .route("/orders/{id}/{verb}", post(orders::act))
        .merge(sell::routes())
        .merge(console::routes());
    pages.layer(from_fn_with_state(app.clone(), app::sessions)).with_state(app.clone())
}

/// What machines ask for: pictures, suggestions, partners' notifications, the policy as JSON. No session, no language.
pub fn plain(app: &App) -> Router {
    let plain: Router<App> = Router::new()
        .route("/media/{blob}", get(guest::picture_file))
        .route(paths::SUGGEST, get(search::suggest))
        .route("/hooks/alipay", post(hooks::alipay))
        .route("/hooks/tracking", post(hooks::tracking))
        .route("/.well-known/privacy-policy.json", get(documents::machine));
    plain.with_state(app.clone())
}
