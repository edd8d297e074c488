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
use crate::routes::{Gate, Routes};
use axum::Router;
use axum::middleware::from_fn_with_state;

/// Leaves a page of `limit` rows, where one more was asked for; the last of them, where a page follows.
pub fn cut<T>(rows: &mut Vec<T>, limit: i64) -> Option<&T> {
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    rows.last().filter(|_| more)
}

/// Every page of the marketplace.
pub fn routes() -> Routes<App> {
    Routes::default()
        .get(Gate::Anybody, paths::HOME, guest::home)
        .get(Gate::Anybody, paths::SEARCH, search::list)
        .get(Gate::Anybody, paths::CATEGORIES, guest::categories)
        .get(Gate::Anybody, "/product/{id}", guest::product)
        .get(Gate::Anybody, "/shop/{id}", guest::shop_page)
        .get(Gate::Anybody, paths::POLICY, documents::policy)
        .get(Gate::Anybody, paths::COLLECTED, documents::collected)
        .get(Gate::Anybody, paths::PARTNERS, documents::partners)
        .get(Gate::Anybody, "/privacy/download/{name}", documents::download)
        .get(Gate::Anybody, paths::COOKIES, documents::cookies)
        .get(Gate::Anybody, paths::RIGHTS, documents::rights)
        .get(Gate::Anybody, paths::CONTACT, documents::rights)
        .get(Gate::Anybody, paths::REGISTER, member::register)
        .post(Gate::Anybody, paths::REGISTER, member::register_phone)
        .post(Gate::Anybody, "/register/account", member::register_account)
        .get(Gate::Anybody, paths::SIGN_IN, member::sign_in_page)
        .post(Gate::Anybody, paths::SIGN_IN, member::sign_in_by_password)
        .get(Gate::Anybody, "/sign-in/code", member::code_page)
        .post(Gate::Anybody, "/sign-in/code", member::code_send)
        .post(Gate::Anybody, "/sign-in/code/enter", member::code_enter)
        .get(Gate::Anybody, "/sign-in/forgotten", member::forgotten_page)
        .post(Gate::Anybody, "/sign-in/forgotten", member::forgotten_send)
        .post(Gate::Anybody, "/sign-in/forgotten/enter", member::forgotten_enter)
        .post(Gate::Anybody, paths::SIGN_OUT, member::sign_out)
        .get(Gate::Member, paths::MY, member::my)
        .get(Gate::Member, "/my/security", member::security)
        .post(Gate::Member, "/my/security/password", member::change_password)
        .post(Gate::Member, "/my/security/device/{answer}", member::answer_device)
        .get(Gate::Member, prove::MINE, prove::page)
        .post(Gate::Member, prove::MINE, prove::by_password)
        .post(Gate::Member, "/my/security/prove/code", prove::send_code)
        .post(Gate::Member, "/my/security/prove/enter", prove::by_code)
        .post(Gate::Member, "/my/security/end", member::end_session)
        .post(Gate::Member, "/my/security/end-others", member::end_others)
        .get(Gate::Member, tokens::MINE, tokens::mine)
        .post(Gate::Member, tokens::MINE, tokens::make_mine)
        .post(Gate::Member, "/my/tokens/end", tokens::end_mine)
        .get(Gate::Member, paths::MY_PRIVACY, privacy::readings)
        .get(Gate::Member, "/my/privacy/consents", privacy::consents)
        .post(Gate::Member, "/my/privacy/consents/answer", privacy::answer)
        .post(Gate::Member, "/my/privacy/consents/withdraw", privacy::withdraw)
        .get(Gate::Member, "/my/privacy/consents/{purpose}", privacy::one_consent)
        .get(Gate::Member, "/my/addresses", privacy::addresses)
        .get(Gate::Member, "/my/addresses/new", privacy::new_address)
        .post(Gate::Member, "/my/addresses/new", privacy::add_address)
        .post(Gate::Member, "/my/addresses/remove", privacy::remove_address)
        .post(Gate::Member, "/my/addresses/prefer", privacy::prefer_address)
        .get(Gate::Member, "/my/addresses/{id}", privacy::edit_address)
        .post(Gate::Member, "/my/addresses/{id}", privacy::save_address)
        .get(Gate::Member, paths::CART, cart::show)
        .post(Gate::Member, "/cart/add", cart::add)
        .post(Gate::Member, "/cart/set", cart::set)
        .post(Gate::Member, "/cart/remove", cart::remove)
        .post(Gate::Member, "/cart/choose", cart::choose)
        .get(Gate::Member, "/checkout", checkout::show)
        .post(Gate::Member, "/checkout", checkout::place)
        .get(Gate::Member, "/pay/return", checkout::returned)
        .get(Gate::Member, "/pay/{checkout}", checkout::pay)
        .post(Gate::Member, "/pay/{checkout}", checkout::go_pay)
        .get(Gate::Member, paths::ORDERS, orders::list)
        .get(Gate::Member, "/orders/{id}", orders::show)
        .post(Gate::Member, "/orders/{id}/{verb}", orders::act)
        .merge(sell::routes())
        .merge(console::routes())
}

/// What machines ask for: pictures, suggestions, partners' notifications, the policy as JSON. No session, no language.
pub fn machines() -> Routes<App> {
    Routes::default()
        .get(Gate::Anybody, "/media/{blob}", guest::picture_file)
        .get(Gate::Anybody, paths::SUGGEST, search::suggest)
        .post(Gate::Signed, "/hooks/alipay", hooks::alipay)
        .post(Gate::Signed, "/hooks/tracking", hooks::tracking)
        .get(Gate::Anybody, "/.well-known/privacy-policy.json", documents::machine)
}

/// The pages, with the session read before them.
pub fn pages(app: &App) -> Router {
    with_session(routes(), app)
}

/// These pages with the session read before them.
pub fn with_session(pages: Routes<App>, app: &App) -> Router {
    pages.into_router().layer(from_fn_with_state(app.clone(), app::sessions)).with_state(app.clone())
}

pub fn plain(app: &App) -> Router {
    machines().into_router().with_state(app.clone())
}
