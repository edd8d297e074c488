//! Word search: what people type comes at its own pace, whether or not the searches before are answered; and how many
//! there could be.

use super::Ground;
use super::pages::load;
use crate::client::{encode, get};
use crate::load::{Expected, Load};
use crate::report::{Found, Goal, Row};
use std::time::Duration;

const PER_SECOND: u32 = 500;
const P99_MS: f64 = 20.0;
const WARM_UP: Duration = Duration::from_secs(1);

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let path = |words: &String| format!("/en/search?q={}", encode(words));
    let requests: Vec<_> =
        ground.market.searches.iter().map(|words| get(ground.hanse.port, &path(words), "")).collect();
    let expected = Expected::Page("href=\"/en/product/");
    let mut load_paced = Load::open(ground.hanse.port, ground.connections).await?;
    load_paced.paced(&requests, &expected, PER_SECOND, WARM_UP).await?;
    let before = ground.hanse.cpu();
    let mut paced = load_paced.paced(&requests, &expected, PER_SECOND, ground.time).await?;
    paced.took_cpu(ground.hanse.cpu().saturating_sub(before));
    let most = load(ground, ground.hanse, &requests, &expected).await?;
    Ok(vec![
        Row {
            what: "word search, 500/s",
            found: Found::Load { hanse: paced.figures(), beside: None },
            goal: Some(Goal::P99Ms(P99_MS)),
        },
        Row { what: "word search, at most", found: Found::Load { hanse: most, beside: None }, goal: None },
    ])
}
