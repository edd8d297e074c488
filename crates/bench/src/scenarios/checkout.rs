//! Placing an order: the form of a cart with three lines of one seller, with a consignee typed in. Carts are filled
//! between the rounds, which is not measured; each round is one checkout of every buyer. The bare server gets the same
//! bytes, and writes the same rows.

use super::{Ground, session};
use crate::client::{get, post};
use crate::load::{Expected, Figures, Load, Measured};
use crate::report::{Found, Row};

const CONSIGNEE: [(&str, &str); 4] = [
    ("to", "own"),
    ("consignee_name", "Wang Xiaoming"),
    ("consignee_phone", "13977310001"),
    ("consignee_address", "7731 Chouzhou North Road, Yiwu, Zhejiang"),
];
/// Not measured: connections, caches and statements are made in it.
const WARM_UP_ROUNDS: usize = 1;

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let hanse = hanse(ground).await?;
    let bare = bare(ground).await?;
    Ok(vec![Row { what: "checkout", found: Found::Load { hanse, bare: Some(bare) } }])
}

/// Rounds until the measured time is over, the first left out.
struct Rounds {
    measured: Measured,
    round: usize,
}

impl Rounds {
    fn begin() -> Rounds {
        Rounds { measured: Measured::default(), round: 0 }
    }

    fn goes_on(&self, ground: &Ground<'_>) -> bool {
        self.measured.elapsed() < ground.time
    }

    fn ended(&mut self, round: Measured) {
        if self.round >= WARM_UP_ROUNDS {
            self.measured.add(round);
        }
        self.round += 1;
    }
}

/// The form as the page shows it.
#[derive(Clone, Default)]
struct Form {
    csrf: String,
    once: String,
    total: String,
}

async fn hanse(ground: &Ground<'_>) -> Result<Figures, String> {
    let (market, port) = (ground.market, ground.hanse.port);
    let mut load = Load::open(port, ground.connections).await?;
    let cookies: Vec<String> = market.buyers.iter().map(|buyer| session(&buyer.token)).collect();
    let mut tokens = vec![String::new(); market.buyers.len()];
    let product = format!("/en/product/{}", market.goods[0].product);
    let pages: Vec<Vec<u8>> = cookies.iter().map(|cookie| get(port, &product, cookie)).collect();
    load.each_seen(&pages, &Expected::Page("name=\"qty-"), |at, answer| {
        tokens[at] = answer.field("_csrf").ok_or("a product page without a form")?;
        Ok(())
    })
    .await?;
    let mut rounds = Rounds::begin();
    while rounds.goes_on(ground) {
        let carts: Vec<_> = (0..market.buyers.len()).map(|buyer| market.cart(buyer, rounds.round)).collect();
        for line in 0..carts[0].len() {
            let add = |(buyer, cookie): (usize, &String)| {
                let good = carts[buyer][line];
                let (field, quantity) = (format!("qty-{}", good.variant), good.quantity.to_string());
                let fields = [
                    ("_csrf", tokens[buyer].as_str()),
                    ("product", good.product.as_str()),
                    (&field, &quantity),
                    ("then", "cart"),
                ];
                post(port, "/en/cart/add", cookie, &fields)
            };
            let adds: Vec<Vec<u8>> = cookies.iter().enumerate().map(add).collect();
            load.each(&adds, &Expected::Redirect("/en/cart")).await?;
        }
        let mut forms = vec![Form::default(); market.buyers.len()];
        let pages: Vec<Vec<u8>> = cookies.iter().map(|cookie| get(port, "/en/checkout", cookie)).collect();
        load.each_seen(&pages, &Expected::Page("name=\"once\""), |at, answer| {
            let field = |name: &str| answer.field(name).ok_or_else(|| format!("a checkout page without {name}"));
            forms[at] = Form { csrf: field("_csrf")?, once: field("once")?, total: field("total_seen")? };
            Ok(())
        })
        .await?;
        let placing: Vec<Vec<u8>> = cookies
            .iter()
            .zip(&forms)
            .zip(&carts)
            .map(|((cookie, form), cart)| order(port, "/en/checkout", cookie, form, cart[0].shop.as_str()))
            .collect();
        rounds.ended(load.each(&placing, &Expected::Redirect("/en/pay/")).await?);
    }
    Ok(rounds.measured.figures())
}

/// What a browser sends, the fields left empty included.
fn order(port: u16, path: &str, cookie: &str, form: &Form, shop: &str) -> Vec<u8> {
    let note = format!("note-{shop}");
    let own = [("_csrf", form.csrf.as_str()), ("once", &form.once), ("total_seen", &form.total)];
    let empty = [("consignee_alt_phone", ""), ("delivery_time", ""), (&note, "")];
    post(port, path, cookie, &[&own[..], &CONSIGNEE, &empty].concat())
}

async fn bare(ground: &Ground<'_>) -> Result<Figures, String> {
    let (market, port) = (ground.market, ground.bare.port);
    let mut load = Load::open(port, ground.connections).await?;
    let cookies: Vec<String> = market.buyers.iter().map(|buyer| format!("buyer={}", buyer.member)).collect();
    let mut rounds = Rounds::begin();
    while rounds.goes_on(ground) {
        let carts: Vec<_> = (0..market.buyers.len()).map(|buyer| market.cart(buyer, rounds.round)).collect();
        let fill = |(cookie, cart): (&String, &Vec<&crate::prepare::Good>)| {
            let variants: Vec<&str> = cart.iter().map(|good| good.variant.as_str()).collect();
            post(port, "/cart", cookie, &[("variants", &variants.join(" "))])
        };
        let fills: Vec<Vec<u8>> = cookies.iter().zip(&carts).map(fill).collect();
        load.each(&fills, &Expected::Redirect("/cart")).await?;
        let placing: Vec<Vec<u8>> = cookies
            .iter()
            .zip(&carts)
            .enumerate()
            .map(|(buyer, (cookie, cart))| {
                // As long as the marketplace's own.
                let once = format!("{:08}-0000-7000-8000-{buyer:012}", rounds.round);
                let form = Form { csrf: "t".repeat(59), once, total: "123456".to_owned() };
                order(port, "/checkout", cookie, &form, cart[0].shop.as_str())
            })
            .collect();
        rounds.ended(load.each(&placing, &Expected::Redirect("/pay/")).await?);
    }
    Ok(rounds.measured.figures())
}
