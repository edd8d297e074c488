//! What guests look at most: lists of a category, and products. Whole pages, as a browser gets them. The bare server
//! answers with the bytes of such a page out of its memory.

use super::Ground;
use super::findable::Shelf;
use crate::client::{Connection, get};
use crate::load::{Expected, Figures, Load};
use crate::process::Server;
use crate::report::{Found, Goal, Row};
use futures_util::future::{Either, select};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

const WARM_UP: Duration = Duration::from_millis(700);
/// Shorter than the follower of the index waits between two commits.
const BETWEEN_CHANGES: Duration = Duration::from_millis(50);
const PAGES_OF_A_LIST: usize = 5;
const PRODUCTS: usize = 2_000;
const PAGES_PER_SECOND: f64 = 10_000.0;
const FACETS: [&str; 4] =
    ["is=Material:bamboo", "low=5&high=40", "minimum=50&stock=1", "is=Material:cotton&is=Material:linen"];

pub async fn list(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let mut paths = Vec::new();
    for category in &ground.market.categories {
        for sort in ["", "sales", "price"] {
            for page in 1..=PAGES_OF_A_LIST {
                paths.push(format!("/en/search?category={category}&sort={sort}&page={page}"));
            }
        }
    }
    let marker = "href=\"/en/product/";
    let mut rows = measured(ground, "list page", &paths, marker).await?;
    rows.push(while_goods_change(ground, &paths, marker).await?);
    Ok(rows)
}

/// The same while a seller takes goods down and up, some in each commit of the index: nothing that is kept of a list
/// outlives the index that it was read from.
async fn while_goods_change(ground: &Ground<'_>, paths: &[String], marker: &'static str) -> Result<Row, String> {
    let requests: Vec<Vec<u8>> = paths.iter().map(|path| get(ground.hanse.port, path, "")).collect();
    let expected = Expected::Page(marker);
    let mut shelf = Shelf::open(ground).await?;
    let hanse = {
        let loaded = pin!(load(ground, ground.hanse, &requests, &expected));
        match select(loaded, pin!(changes(&mut shelf))).await {
            Either::Left((figures, _)) => figures?,
            Either::Right((Err(why), _)) => return Err(why),
        }
    };
    shelf.leaves_listed(ground).await?;
    let goal = Some(Goal::PerSecond(PAGES_PER_SECOND));
    Ok(Row { what: "list page, goods change", found: Found::Load { hanse, beside: None }, goal })
}

async fn changes(shelf: &mut Shelf) -> Result<Infallible, String> {
    loop {
        shelf.press(!shelf.listed).await?;
        tokio::time::sleep(BETWEEN_CHANGES).await;
    }
}

/// A list with filters chosen, which narrow each other's counts.
pub async fn facets(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let mut paths = Vec::new();
    for category in &ground.market.categories {
        for chosen in FACETS {
            paths.push(format!("/en/search?category={category}&{chosen}"));
        }
    }
    measured(ground, "list with filters", &paths, "class=\"chosen\"").await
}

pub async fn product(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let goods = ground.market.goods.iter().take(PRODUCTS);
    let paths: Vec<String> = goods.map(|good| format!("/en/product/{}", good.product)).collect();
    measured(ground, "product page", &paths, "name=\"qty-").await
}

pub async fn measured(
    ground: &Ground<'_>,
    what: &'static str,
    paths: &[String],
    marker: &'static str,
) -> Result<Vec<Row>, String> {
    let port = ground.hanse.port;
    let requests: Vec<Vec<u8>> = paths.iter().map(|path| get(port, path, "")).collect();
    let expected = Expected::Page(marker);
    let hanse = load(ground, ground.hanse, &requests, &expected).await?;

    let mut one = Connection::open(port).await.map_err(|error| error.to_string())?;
    let page = one.ask(&requests[0]).await.map_err(|error| error.to_string())?.body.to_vec();
    let bare = ground.bare.port;
    let head = format!("POST /page HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", page.len());
    let mut there = Connection::open(bare).await.map_err(|error| error.to_string())?;
    let kept = there.ask(&[head.as_bytes(), &page].concat()).await.map_err(|error| error.to_string())?;
    if kept.status != 200 {
        return Err(format!("the bare server does not keep a page: {}", kept.status));
    }
    let bare = load(ground, ground.bare, &[get(bare, "/page", "")], &expected).await?;
    let goal = Some(Goal::PerSecond(PAGES_PER_SECOND));
    Ok(vec![Row { what, found: Found::Load { hanse, beside: Some(bare) }, goal }])
}

pub async fn load(
    ground: &Ground<'_>,
    server: &Server,
    requests: &[Vec<u8>],
    expected: &Expected,
) -> Result<Figures, String> {
    let mut load = Load::open(server.port, ground.connections).await?;
    load.during(requests, expected, WARM_UP).await?;
    let before = server.cpu();
    let mut measured = load.during(requests, expected, ground.time).await?;
    measured.took_cpu(server.cpu().saturating_sub(before));
    Ok(measured.figures())
}
