//! What is measured, one module each. A scenario prepares its requests, loads the marketplace and, where there is
//! something to compare with, the bare server by the same generator, and tells its lines of the table.

mod checkout;
mod findable;
mod history;
mod import;
mod large_cart;
mod order;
mod pages;
mod words;

use crate::client::{Connection, get};
use crate::prepare::Market;
use crate::process::Server;
use crate::report::Row;
use std::pin::Pin;
use std::time::Duration;

/// What a scenario stands on.
pub struct Ground<'a> {
    pub market: &'a Market,
    pub hanse: &'a Server,
    pub bare: &'a Server,
    /// The marketplace without sealing, access and ledger, where what they cost is asked.
    pub unguarded: Option<&'a Server>,
    /// Requests in flight.
    pub connections: usize,
    /// Measured time.
    pub time: Duration,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, String>> + 'a>>;

pub struct Scenario {
    pub name: &'static str,
    /// It makes orders of its own, whatever the number of products: with the first number only.
    pub once: bool,
    pub run: for<'a> fn(&'a Ground<'a>) -> Running<'a>,
}

impl Scenario {
    const fn new(name: &'static str, run: for<'a> fn(&'a Ground<'a>) -> Running<'a>) -> Scenario {
        Scenario { name, once: false, run }
    }
}

/// In the order in which they run: what only reads comes first, what leaves many rows behind last.
const ALL: &[Scenario] = &[
    Scenario::new("list", |ground| Box::pin(pages::list(ground))),
    Scenario::new("facets", |ground| Box::pin(pages::facets(ground))),
    Scenario::new("product", |ground| Box::pin(pages::product(ground))),
    Scenario::new("words", |ground| Box::pin(words::run(ground))),
    Scenario::new("findable", |ground| Box::pin(findable::run(ground))),
    Scenario::new("cart", |ground| Box::pin(large_cart::run(ground))),
    Scenario::new("checkout", |ground| Box::pin(checkout::run(ground))),
    Scenario::new("order", |ground| Box::pin(order::run(ground))),
    Scenario::new("import", |ground| Box::pin(import::run(ground))),
    Scenario { name: "history", once: true, run: |ground| Box::pin(history::run(ground)) },
];

/// Those named, or all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>, String> {
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|scenario| scenario.name != **name)) {
        let known: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        return Err(format!("--only {unknown}: there are {}", known.join(", ")));
    }
    Ok(ALL.iter().filter(|scenario| names.is_empty() || names.iter().any(|name| name == scenario.name)).collect())
}

/// The cookie of a signed-in member.
pub fn session(token: &str) -> String {
    format!("__Host-session={token}")
}

/// A page that a member looks at, and the token of its forms.
pub async fn forms_token(connection: &mut Connection, port: u16, path: &str, cookie: &str) -> Result<String, String> {
    let page = connection.ask(&get(port, path, cookie)).await.map_err(|error| error.to_string())?;
    page.field("_csrf").ok_or_else(|| format!("{path} has no form: {}", page.status))
}
