//! The pages beside the operations: by which of them a program does what a page does, and what only a person in a
//! browser can do, with the reason. A page that stands in neither way fails the test, and so does an operation that no
//! page has.

use Beside::{Form, Operations, Person};
use Why::{Browser, Credentials, Everybody, Partners, SignIn};

/// How a program does what a page does.
pub enum Beside {
    /// By one of these.
    Operations(&'static [&'static str]),
    /// It is the form of the page at the same address that changes something.
    Form,
    /// Not at all.
    Person(Why),
}

/// Why something is a person's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Who somebody is, is shown with a telephone or a password in hand.
    SignIn,
    /// Whoever holds a token must not become its owner, nor lock them out.
    Credentials,
    /// What it shows is for everybody, and there without a token.
    Everybody,
    /// It is a part of the pages themselves.
    Browser,
    /// It is called by partners, with their signatures.
    Partners,
}

impl Why {
    pub const ALL: [Why; 5] = [SignIn, Credentials, Everybody, Browser, Partners];

    /// What it is about, and why.
    pub const fn keys(self) -> (&'static str, &'static str) {
        match self {
            SignIn => ("api-person-sign-in", "api-person-sign-in-text"),
            Credentials => ("api-person-credentials", "api-person-credentials-text"),
            Everybody => ("api-person-everybody", "api-person-everybody-text"),
            Browser => ("api-person-browser", "api-person-browser-text"),
            Partners => ("api-person-partners", "api-person-partners-text"),
        }
    }
}

/// Method and path of a page, and what stands beside it.
pub const PAGES: &[(&str, &str, Beside)] = &[
    // Guests.
    ("GET", "/", Operations(&["list_products", "list_categories"])),
    ("GET", "/search", Operations(&["list_products"])),
    ("GET", "/categories", Operations(&["list_categories"])),
    ("GET", "/product/{id}", Operations(&["get_product"])),
    ("GET", "/shop/{id}", Operations(&["get_shop", "list_products"])),
    ("GET", "/suggest", Operations(&["list_suggestions"])),
    ("GET", "/api", Operations(&["get_document"])),
    ("GET", "/privacy", Person(Everybody)),
    ("GET", "/privacy/collected", Person(Everybody)),
    ("GET", "/privacy/partners", Person(Everybody)),
    ("GET", "/privacy/download/{name}", Person(Everybody)),
    ("GET", "/privacy/cookies", Person(Everybody)),
    ("GET", "/privacy/rights", Person(Everybody)),
    ("GET", "/contact", Person(Everybody)),
    ("GET", "/.well-known/privacy-policy.json", Person(Everybody)),
    ("GET", "/media/{blob}", Person(Everybody)),
    ("GET", "/assets/{name}", Person(Browser)),
    ("GET", "/favicon.ico", Person(Browser)),
    ("POST", "/hooks/alipay", Person(Partners)),
    ("POST", "/hooks/tracking", Person(Partners)),
    // Coming in.
    ("GET", "/register", Person(SignIn)),
    ("POST", "/register", Person(SignIn)),
    ("POST", "/register/account", Person(SignIn)),
    ("GET", "/sign-in", Person(SignIn)),
    ("POST", "/sign-in", Person(SignIn)),
    ("GET", "/sign-in/code", Person(SignIn)),
    ("POST", "/sign-in/code", Person(SignIn)),
    ("POST", "/sign-in/code/enter", Person(SignIn)),
    ("GET", "/sign-in/forgotten", Person(SignIn)),
    ("POST", "/sign-in/forgotten", Person(SignIn)),
    ("POST", "/sign-in/forgotten/enter", Person(SignIn)),
    ("POST", "/sign-out", Person(SignIn)),
    // A member.
    ("GET", "/my", Operations(&["get_own_account"])),
    ("GET", "/my/security", Person(Credentials)),
    ("POST", "/my/security/password", Person(Credentials)),
    ("POST", "/my/security/device/{answer}", Person(Credentials)),
    ("GET", "/my/security/prove", Person(Credentials)),
    ("POST", "/my/security/prove", Person(Credentials)),
    ("POST", "/my/security/prove/code", Person(Credentials)),
    ("POST", "/my/security/prove/enter", Person(Credentials)),
    ("POST", "/my/security/end", Person(Credentials)),
    ("POST", "/my/security/end-others", Person(Credentials)),
    ("GET", "/my/tokens", Person(Credentials)),
    ("POST", "/my/tokens", Person(Credentials)),
    ("POST", "/my/tokens/end", Person(Credentials)),
    ("GET", "/my/privacy", Operations(&["list_readings"])),
    ("GET", "/my/privacy/consents", Operations(&["list_consents"])),
    ("GET", "/my/privacy/consents/{purpose}", Operations(&["list_consents"])),
    ("POST", "/my/privacy/consents/answer", Operations(&["give_consent"])),
    ("POST", "/my/privacy/consents/withdraw", Operations(&["withdraw_consent"])),
    ("GET", "/my/addresses", Operations(&["list_addresses"])),
    ("GET", "/my/addresses/new", Form),
    ("POST", "/my/addresses/new", Operations(&["keep_address"])),
    ("POST", "/my/addresses/remove", Operations(&["remove_address"])),
    ("POST", "/my/addresses/prefer", Operations(&["prefer_address"])),
    ("GET", "/my/addresses/{id}", Operations(&["list_addresses"])),
    ("POST", "/my/addresses/{id}", Operations(&["edit_address"])),
    ("GET", "/cart", Operations(&["get_cart"])),
    ("POST", "/cart/add", Operations(&["add_to_cart"])),
    ("POST", "/cart/set", Operations(&["put_cart_line"])),
    ("POST", "/cart/remove", Operations(&["delete_cart_line", "empty_cart"])),
    ("POST", "/cart/choose", Operations(&["choose_in_cart"])),
    ("GET", "/checkout", Operations(&["get_quote"])),
    ("POST", "/checkout", Operations(&["place_orders"])),
    ("GET", "/pay/return", Operations(&["get_checkout"])),
    ("GET", "/pay/{checkout}", Operations(&["get_checkout"])),
    ("POST", "/pay/{checkout}", Operations(&["start_payment"])),
    ("GET", "/orders", Operations(&["list_orders"])),
    ("GET", "/orders/{id}", Operations(&["get_order"])),
    ("POST", "/orders/{id}/{verb}", Operations(&["cancel_order", "refund_order", "confirm_order", "hide_order"])),
    // A seller.
    ("GET", "/sell", Operations(&["get_own_shop", "list_shop_orders", "get_balance", "list_webhooks"])),
    ("GET", "/sell/apply", Operations(&["get_own_shop"])),
    ("POST", "/sell/apply", Operations(&["apply_for_shop"])),
    ("GET", "/sell/shop", Operations(&["get_own_shop"])),
    ("POST", "/sell/shop", Operations(&["edit_own_shop"])),
    ("GET", "/sell/products", Operations(&["list_own_products"])),
    ("GET", "/sell/products/new", Form),
    ("POST", "/sell/products/new", Operations(&["publish_product"])),
    ("GET", "/sell/products/{id}", Operations(&["get_own_product"])),
    ("POST", "/sell/products/{id}", Operations(&["edit_product", "set_stock"])),
    ("POST", "/sell/products/{id}/down", Operations(&["take_down_product"])),
    ("POST", "/sell/products/{id}/list", Operations(&["list_product_again"])),
    ("GET", "/sell/import", Operations(&["list_imports"])),
    ("POST", "/sell/import", Operations(&["upload_import"])),
    ("GET", "/sell/import/template.csv", Operations(&["get_import_template"])),
    ("GET", "/sell/import/{id}", Operations(&["get_import"])),
    ("GET", "/sell/import/{id}/mistakes.csv", Operations(&["list_import_mistakes"])),
    ("POST", "/sell/import/{id}/start", Operations(&["start_import"])),
    ("POST", "/sell/import/{id}/cancel", Operations(&["cancel_import"])),
    ("POST", "/sell/import/{id}/close", Operations(&["forget_import"])),
    ("GET", "/sell/export.csv", Operations(&["export_products"])),
    ("GET", "/sell/orders", Operations(&["list_shop_orders"])),
    ("GET", "/sell/orders/{id}", Operations(&["get_shop_order"])),
    ("POST", "/sell/orders/{id}/ship", Operations(&["ship_order"])),
    ("GET", "/sell/orders/{id}/decline", Form),
    ("POST", "/sell/orders/{id}/decline", Operations(&["decline_order"])),
    ("GET", "/sell/webhooks", Operations(&["list_webhooks"])),
    ("GET", "/sell/webhooks/new", Form),
    ("POST", "/sell/webhooks/new", Operations(&["make_webhook"])),
    ("GET", "/sell/webhooks/{id}", Operations(&["get_webhook", "list_deliveries"])),
    ("GET", "/sell/webhooks/{id}/edit", Operations(&["get_webhook"])),
    ("POST", "/sell/webhooks/{id}/edit", Operations(&["edit_webhook"])),
    ("GET", "/sell/webhooks/{id}/delete", Form),
    ("POST", "/sell/webhooks/{id}/delete", Operations(&["delete_webhook"])),
    (
        "POST",
        "/sell/webhooks/{id}/{verb}",
        Operations(&["test_webhook", "turn_webhook_on", "turn_webhook_off", "rotate_webhook_secret", "replay_webhook"]),
    ),
    ("GET", "/sell/webhooks/{id}/deliveries/{delivery}", Operations(&["get_delivery"])),
    ("POST", "/sell/webhooks/{id}/deliveries/{delivery}/again", Operations(&["replay_delivery"])),
    ("GET", "/sell/money", Operations(&["get_balance", "list_statement", "list_payouts"])),
    ("POST", "/sell/money/pay-out", Operations(&["ask_payout"])),
    ("POST", "/sell/money/account", Operations(&["change_account"])),
    // The operator.
    ("GET", "/console", Operations(&["get_overview"])),
    ("GET", "/console/sign-in", Person(SignIn)),
    ("POST", "/console/sign-in", Person(SignIn)),
    ("GET", "/console/prove", Person(Credentials)),
    ("POST", "/console/prove", Person(Credentials)),
    ("GET", "/console/tokens", Person(Credentials)),
    ("POST", "/console/tokens", Person(Credentials)),
    ("POST", "/console/tokens/end", Person(Credentials)),
    ("GET", "/console/shops", Operations(&["list_shops"])),
    ("GET", "/console/shops/{id}", Operations(&["get_any_shop"])),
    ("POST", "/console/shops/{id}", Operations(&["decide_on_shop"])),
    ("GET", "/console/orders", Operations(&["list_recorded_orders"])),
    (
        "GET",
        "/console/money",
        Operations(&["get_money", "list_disputed_payments", "list_refunds_to_look_at", "list_payouts_to_look_at"]),
    ),
    ("POST", "/console/money/refund", Operations(&["retry_refund"])),
    ("GET", "/console/jobs", Operations(&["list_dead_jobs"])),
    ("POST", "/console/jobs/revive", Operations(&["revive_job"])),
];

/// The addresses of what is a person's alone for this reason, each once.
pub fn persons(why: Why) -> Vec<&'static str> {
    let mut paths: Vec<&str> =
        PAGES.iter().filter(|(_, _, beside)| matches!(beside, Person(one) if *one == why)).map(|page| page.1).collect();
    paths.dedup();
    paths
}

/// The addresses of the pages that do what this operation does, each once.
pub fn pages_of(operation: &str) -> Vec<&'static str> {
    let named = |beside: &Beside| matches!(beside, Operations(all) if all.contains(&operation));
    let mut paths: Vec<&str> = PAGES.iter().filter(|page| named(&page.2)).map(|page| page.1).collect();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use web::{Gate, Route};

    fn pages() -> Vec<Route> {
        let with_language = [web::pages::routes(), crate::for_people()];
        let all = with_language.iter().flat_map(|routes| routes.table());
        all.chain(web::pages::machines().table()).chain(web::assets::routes().table()).copied().collect()
    }

    fn operations() -> BTreeSet<String> {
        let document = serde_json::to_value(crate::document()).unwrap();
        let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        items.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
    }

    /// Whoever adds a page says by which operation a program does the same, or why none does.
    #[test]
    fn every_page_has_its_operations_or_a_reason() {
        let known: Vec<(&str, &str)> = PAGES.iter().map(|page| (page.0, page.1)).collect();
        let pages: Vec<(&str, &str)> = pages().iter().map(|route| (route.method, route.path)).collect();
        for page in &pages {
            assert_eq!(known.iter().filter(|one| *one == page).count(), 1, "{page:?} stands in PAGES once");
        }
        for page in &known {
            assert!(pages.contains(page), "{page:?} is no page any more");
        }
    }

    /// And an operation that no page has would be one that only programs' tests know.
    #[test]
    fn every_operation_is_some_pages() {
        let operations = operations();
        let mut named = BTreeSet::new();
        for (method, path, beside) in PAGES {
            match beside {
                Operations(all) => {
                    assert!(!all.is_empty(), "{method} {path}");
                    named.extend(all.iter().map(|operation| (*operation).to_owned()));
                }
                Form => {
                    let sent = PAGES.iter().find(|page| page.0 == "POST" && page.1 == *path);
                    assert!(
                        *method == "GET" && sent.is_some_and(|page| matches!(page.2, Operations(_))),
                        "{method} {path}"
                    );
                }
                Person(_) => {}
            }
        }
        assert_eq!(named, operations);
    }

    /// What a signed-in buyer, seller or operator changes is a program's too, but for who they are.
    #[test]
    fn only_who_somebody_is_stays_with_the_person() {
        let gates = [Gate::Member, Gate::Seller, Gate::Staff];
        for route in pages().iter().filter(|route| gates.contains(&route.gate)) {
            let page = PAGES.iter().find(|page| (page.0, page.1) == (route.method, route.path)).unwrap();
            if let Person(why) = page.2 {
                assert_eq!(why, Credentials, "{} {}", route.method, route.path);
            }
        }
    }
}
