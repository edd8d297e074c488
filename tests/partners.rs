//! Partners that an operator configured: a sandbox that runs somewhere else stands for the real ones, reached only by
//! what `hanse.toml` says.

mod support;

use db::Engine;
use support::{Market, Partners};

/// 2.1.1-a.1, 3.1.1-b.1, 3.1.3-a.3: the configured gateways get the message and the payment, and the list names the
/// companies of the configuration.
#[test]
fn the_configured_partners_are_called_and_listed() {
    let partners = Partners::start();
    let market = Market::with(Engine::Sqlite, &partners);
    let mut buyer = market.browser();
    // The code came through the configured gateway: `registers` reads it there.
    buyer.registers("partner_buyer", "13977310021");
    buyer.get("/en/privacy/partners").shows(&[
        "Elsewhere Payments Ltd",
        "Elsewhere Couriers Ltd",
        "Elsewhere Texts Ltd",
    ]);
    buyer.lacks(&["Hanse sandbox"]);

    buyer.puts_in_cart("golden", 20);
    buyer.get("/en/checkout").shows(&["once"]);
    buyer.send(
        "/checkout",
        &[
            ("to", "own"),
            ("consignee_name", "Wang Wei"),
            ("consignee_phone", "13977310021"),
            ("consignee_address", "1 Harbour Street, Yiwu, Zhejiang"),
        ],
    );
    let pay = buyer.url.split("/en").nth(1).expect("a path").to_owned();
    let back = buyer.url.clone();
    buyer.send(&pay, &[]);
    assert!(buyer.url.starts_with(&partners.base), "at the configured cashier: {}", buyer.url);
    let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
    buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
    buyer.get(&back).shows(&["Paid"]);

    // A form that was shown before a restart is good after it: its key is the house's, not the process's.
    buyer.get("/en/search?q=jeans");
    let product = buyer.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
    buyer.get(&product).shows(&["qty-"]);
    let field = buyer.find(r#"name="(qty-[0-9a-f-]{36})""#);
    market.restart();
    buyer.send("/cart/add", &[(field.as_str(), "100"), ("then", "cart")]).shows(&["/cart/set"]);

    // An operator's own marketplace does not open on data in which everybody knows a password (5.3.1-a.1).
    drop(buyer);
    let words = ["company", "company_zh", "address", "service_phone", "service_email", "privacy_department"];
    let more = ["privacy_email", "privacy_address", "privacy_officer"];
    let operator: String =
        words.iter().chain(&more).map(|key| format!("{key} = \"somebody@else.example\"\n")).collect();
    let said = market.refuses_with(&format!("[operator]\ncountry = \"China\"\ncountry_zh = \"中国\"\n{operator}"));
    assert!(said.contains("these data hold the demo") && said.contains("demo_buyer"), "{said}");
}
