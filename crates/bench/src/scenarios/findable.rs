//! From the seller's press of the button until a search finds the product: within a second.

use super::{Ground, session};
use crate::client::{Connection, encode, get, post};
use crate::report::{Found, Goal, Row};
use memchr::memmem;
use std::time::{Duration, Instant};

const TIMES: usize = 10;
const LIMIT: Duration = Duration::from_secs(1);
const GIVEN_UP: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// A product of the demo whose seller takes it down and up.
pub struct Shelf {
    connection: Connection,
    presses: [Vec<u8>; 2],
    pub listed: bool,
}

impl Shelf {
    pub async fn open(ground: &Ground<'_>) -> Result<Shelf, String> {
        let (port, seller) = (ground.hanse.port, &ground.market.seller);
        let mut connection = Connection::open(port).await.map_err(|error| error.to_string())?;
        let cookie = session(&seller.token);
        let path = format!("/en/sell/products/{}", seller.product);
        let page = connection.ask(&get(port, &path, &cookie)).await.map_err(|error| error.to_string())?;
        let token = page.field("_csrf").ok_or("the seller's page has no form")?;
        let presses = ["down", "list"].map(|verb| post(port, &format!("{path}/{verb}"), &cookie, &[("_csrf", &token)]));
        Ok(Shelf { connection, presses, listed: true })
    }

    pub async fn press(&mut self, listed: bool) -> Result<(), String> {
        let press = &self.presses[usize::from(listed)];
        let status = self.connection.ask(press).await.map_err(|error| error.to_string())?.status;
        if status != 303 {
            return Err(format!("the seller's button: {status}"));
        }
        self.listed = listed;
        Ok(())
    }

    /// On a connection of its own: the last press may have been given up before its answer.
    pub async fn leaves_listed(self, ground: &Ground<'_>) -> Result<(), String> {
        drop(self.connection);
        let connection = Connection::open(ground.hanse.port).await.map_err(|error| error.to_string())?;
        Shelf { connection, ..self }.press(true).await
    }
}

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let (port, seller) = (ground.hanse.port, &ground.market.seller);
    let (mut shelf, mut connection) =
        (Shelf::open(ground).await?, Connection::open(port).await.map_err(|error| error.to_string())?);
    let search = get(port, &format!("/en/search?q={}", encode(&seller.title)), "");
    let mut waits = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        for listed in [false, true] {
            let began = Instant::now();
            shelf.press(listed).await?;
            while found(&mut connection, &search, seller.product.as_str()).await? != listed {
                if began.elapsed() > GIVEN_UP {
                    return Err(format!("the search does not follow: listed {listed}"));
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            if listed {
                waits.push(began.elapsed());
            }
        }
    }
    waits.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let found = Found::Waits { median_ms: ms(waits[waits.len() / 2]), longest_ms: ms(waits[waits.len() - 1]) };
    Ok(vec![Row { what: "published to findable", found, goal: Some(Goal::LongestMs(ms(LIMIT))) }])
}

async fn found(connection: &mut Connection, search: &[u8], product: &str) -> Result<bool, String> {
    let answer = connection.ask(search).await.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("the search answers {}", answer.status));
    }
    Ok(memmem::find(answer.body, product.as_bytes()).is_some())
}
