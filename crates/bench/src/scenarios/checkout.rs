//! Placing an order: the form of a cart with three lines of one seller, with a consignee typed in. Carts are filled
//! between the rounds, which is not measured; each round is one checkout of every buyer. The bare server gets the same
//! bytes, and writes the same rows. The two take turns, so that what else the machine does meets both.

use super::{Ground, session};
use crate::client::{Answer, get, post};
use crate::load::{Expected, Load, Measured};
use crate::prepare::Good;
use crate::process::Server;
use crate::report::{Found, Goal, Row};

const CONSIGNEE: [(&str, &str); 4] = [
    ("to", "own"),
    ("consignee_name", "Wang Xiaoming"),
    ("consignee_phone", "13977310001"),
    ("consignee_address", "7731 Chouzhou North Road, Yiwu, Zhejiang"),
];
/// Not measured: connections, caches and statements are made in it.
const WARM_UP_ROUNDS: usize = 1;
/// To reach, in hundredths.
const OF_BARE: f64 = 60.0;
const OF_DRIVER: f64 = 40.0;
const OF_UNGUARDED: f64 = 92.0;

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let mut hanse = Hanse::begin(ground, ground.hanse).await?;
    let mut bare = Bare::begin(ground).await?;
    let mut unguarded = match ground.unguarded {
        Some(server) => Some((server, Hanse::begin(ground, server).await?)),
        None => None,
    };
    let [mut of_hanse, mut of_bare, mut of_unguarded] = [(); 3].map(|()| Measured::default());
    let mut round = 0;
    while of_hanse.elapsed().max(of_bare.elapsed()) < ground.time {
        let carts: Vec<_> = (0..ground.market.buyers.len()).map(|buyer| ground.market.cart(buyer, round)).collect();
        let counts = round >= WARM_UP_ROUNDS;
        let placing = hanse.fill(&carts).await?;
        of_hanse.add_if(counts, timed(ground.hanse, &mut hanse.load, &placing, "/en/pay/").await?);
        let placing = bare.fill(&carts, round).await?;
        of_bare.add_if(counts, timed(ground.bare, &mut bare.load, &placing, "/pay/").await?);
        if let Some((server, unguarded)) = &mut unguarded {
            let placing = unguarded.fill(&carts).await?;
            of_unguarded.add_if(counts, timed(server, &mut unguarded.load, &placing, "/en/pay/").await?);
        }
        round += 1;
    }
    let row = |what, beside, goal| {
        let found = Found::Load { hanse: of_hanse.figures(), beside: Some(beside) };
        Row { what, found, goal: Some(Goal::Share(goal)) }
    };
    let mut rows = vec![row("checkout", of_bare.figures(), OF_BARE)];
    // On a thread of its own, for it drives what it waits for by itself.
    let driver = std::thread::scope(|threads| {
        threads.spawn(|| crate::bare::driver::run(ground.market, round, ground.time)).join()
    });
    let driver = driver.map_err(|_| "the bare driver panicked")??;
    let of_driver = if ground.market.bare.starts_with("postgres") { OF_DRIVER } else { 0.0 };
    rows.push(row("  beside the bare driver", driver, of_driver));
    if unguarded.is_some() {
        rows.push(row("  beside one without vault", of_unguarded.figures(), OF_UNGUARDED));
    }
    Ok(rows)
}

/// Rounds of the marketplace alone; the first is to warm up.
pub async fn alone(ground: &Ground<'_>, rounds: std::ops::Range<usize>) -> Result<Measured, String> {
    let mut hanse = Hanse::begin(ground, ground.hanse).await?;
    let mut measured = Measured::default();
    for (number, round) in rounds.enumerate() {
        let carts: Vec<_> = (0..ground.market.buyers.len()).map(|buyer| ground.market.cart(buyer, round)).collect();
        let placing = hanse.fill(&carts).await?;
        let one = timed(ground.hanse, &mut hanse.load, &placing, "/en/pay/").await?;
        measured.add_if(number >= WARM_UP_ROUNDS, one);
    }
    Ok(measured)
}

async fn timed(server: &Server, load: &mut Load, placing: &[Vec<u8>], to: &'static str) -> Result<Measured, String> {
    let before = server.cpu();
    let mut measured = load.each(placing, &Expected::Redirect(to)).await?;
    measured.took_cpu(server.cpu().saturating_sub(before));
    Ok(measured)
}

/// The form as the page shows it.
#[derive(Clone, Default)]
pub struct Form {
    csrf: String,
    once: String,
    total: String,
}

impl Form {
    /// The form of a checkout's page.
    pub fn on(page: &Answer) -> Result<Form, String> {
        let field = |name: &str| page.field(name).ok_or_else(|| format!("a checkout page without {name}"));
        Ok(Form { csrf: field("_csrf")?, once: field("once")?, total: field("total_seen")? })
    }
}

/// A page with it.
pub const FORM: Expected = Expected::Page("name=\"once\"");

/// Puts the minimum order of one of the goods into the cart.
pub fn add(port: u16, cookie: &str, token: &str, good: &Good) -> Vec<u8> {
    let (field, quantity) = (format!("qty-{}", good.variant), good.quantity.to_string());
    let fields = [("_csrf", token), ("product", good.product.as_str()), (&field, &quantity), ("then", "cart")];
    post(port, "/en/cart/add", cookie, &fields)
}

struct Hanse {
    load: Load,
    port: u16,
    cookies: Vec<String>,
    /// Of each buyer's forms; good as long as the session.
    tokens: Vec<String>,
}

impl Hanse {
    async fn begin(ground: &Ground<'_>, server: &Server) -> Result<Hanse, String> {
        let (market, port) = (ground.market, server.port);
        let mut load = Load::open(port, ground.connections).await?;
        let cookies: Vec<String> = market.buyers.iter().map(|buyer| session(&buyer.token)).collect();
        let mut tokens = vec![String::new(); cookies.len()];
        let product = format!("/en/product/{}", market.goods[0].product);
        let pages: Vec<Vec<u8>> = cookies.iter().map(|cookie| get(port, &product, cookie)).collect();
        load.each_seen(&pages, &Expected::Page("name=\"qty-"), |at, answer| {
            tokens[at] = answer.field("_csrf").ok_or("a product page without a form")?;
            Ok(())
        })
        .await?;
        Ok(Hanse { load, port, cookies, tokens })
    }

    /// Fills every cart, looks at every checkout page, and makes the requests of the round.
    async fn fill(&mut self, carts: &[Vec<&Good>]) -> Result<Vec<Vec<u8>>, String> {
        // One line of every cart at a time: a cart takes its lines one after the other.
        #[allow(clippy::needless_range_loop)]
        for line in 0..carts[0].len() {
            let add =
                |(buyer, cookie): (usize, &String)| add(self.port, cookie, &self.tokens[buyer], carts[buyer][line]);
            let adds: Vec<Vec<u8>> = self.cookies.iter().enumerate().map(add).collect();
            self.load.each(&adds, &Expected::Redirect("/en/cart")).await?;
        }
        let mut forms = vec![Form::default(); carts.len()];
        let pages: Vec<Vec<u8>> = self.cookies.iter().map(|cookie| get(self.port, "/en/checkout", cookie)).collect();
        self.load
            .each_seen(&pages, &FORM, |at, answer| {
                forms[at] = Form::on(answer)?;
                Ok(())
            })
            .await?;
        let placing = self.cookies.iter().zip(&forms).zip(carts);
        Ok(placing
            .map(|((cookie, form), cart)| order(self.port, "/en/checkout", cookie, form, &[cart[0].shop.as_str()]))
            .collect())
    }
}

/// What a browser sends, the fields left empty included; a note to each of the shops is one of them.
pub fn order(port: u16, path: &str, cookie: &str, form: &Form, shops: &[&str]) -> Vec<u8> {
    let notes: Vec<String> = shops.iter().map(|shop| format!("note-{shop}")).collect();
    let mut fields = vec![("_csrf", form.csrf.as_str()), ("once", &form.once), ("total_seen", &form.total)];
    fields.extend(CONSIGNEE);
    fields.extend([("consignee_alt_phone", ""), ("delivery_time", "")]);
    fields.extend(notes.iter().map(|note| (note.as_str(), "")));
    post(port, path, cookie, &fields)
}

struct Bare {
    load: Load,
    port: u16,
    cookies: Vec<String>,
}

impl Bare {
    async fn begin(ground: &Ground<'_>) -> Result<Bare, String> {
        let port = ground.bare.port;
        let load = Load::open(port, ground.connections).await?;
        let cookies = ground.market.buyers.iter().map(|buyer| format!("buyer={}", buyer.member)).collect();
        Ok(Bare { load, port, cookies })
    }

    async fn fill(&mut self, carts: &[Vec<&Good>], round: usize) -> Result<Vec<Vec<u8>>, String> {
        let fill = |(cookie, cart): (&String, &Vec<&Good>)| {
            let variants: Vec<&str> = cart.iter().map(|good| good.variant.as_str()).collect();
            post(self.port, "/cart", cookie, &[("variants", &variants.join(" "))])
        };
        let fills: Vec<Vec<u8>> = self.cookies.iter().zip(carts).map(fill).collect();
        self.load.each(&fills, &Expected::Redirect("/cart")).await?;
        let placing = self.cookies.iter().zip(carts).enumerate();
        Ok(placing
            .map(|(buyer, (cookie, cart))| {
                // As long as the marketplace's own.
                let once = format!("{round:08}-0000-7000-8000-{buyer:012}");
                let form = Form { csrf: "t".repeat(59), once, total: "123456".to_owned() };
                order(self.port, "/checkout", cookie, &form, &[cart[0].shop.as_str()])
            })
            .collect())
    }
}
