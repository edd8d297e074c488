//! A seller's spreadsheet of 10,000 products, from the press of the button until all of them are found. Its check before
//! is told apart.

use super::{Ground, forms_token, session};
use crate::client::{Connection, get, post, post_files};
use crate::load::{Expected, Figures, Measured};
use crate::report::{Found, Goal, Row};
use catalogue::generated::{self, Generated};
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const PRODUCTS: usize = 10_000;
const PICTURE: &str = "goods.jpg";
/// Of one product: a file has 20,000 rows at most.
const VARIANTS: usize = 2;
const PER_SECOND: f64 = 2_000.0;
/// Other goods than those that are there already.
const SEED: u64 = 8_861;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const GIVEN_UP: Duration = Duration::from_secs(180);

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let port = ground.hanse.port;
    let cookie = session(&ground.market.seller.token);
    let mut connection = Connection::open(port).await.map_err(|error| error.to_string())?;
    let token = forms_token(&mut connection, port, "/en/sell/import", &cookie).await?;
    let (sheet, archive) = (sheet(), archive()?);
    let files: [(&str, &str, &[u8]); 2] =
        [("sheet", "goods.csv", sheet.as_bytes()), ("archive", "pictures.zip", &archive)];
    let upload = post_files(port, "/en/sell/import", &cookie, &token, &files);
    let cpu = ground.hanse.cpu();
    let began = Instant::now();
    let answer = connection.ask(&upload).await.map_err(|error| error.to_string())?;
    Expected::Redirect("/en/sell/import/").check(&answer)?;
    let path = answer.location.to_owned();
    let look = get(port, &path, &cookie);
    until(&mut connection, &look, "/start\"").await?;
    let checked = figures(began.elapsed(), ground.hanse.cpu().saturating_sub(cpu));
    let cpu = ground.hanse.cpu();
    let began = Instant::now();
    let press = post(port, &format!("{path}/start"), &cookie, &[("_csrf", &token)]);
    let answer = connection.ask(&press).await.map_err(|error| error.to_string())?;
    Expected::Redirect("/en/sell/import/").check(&answer)?;
    until(&mut connection, &look, "Buyers find all of it now").await?;
    let imported = figures(began.elapsed(), ground.hanse.cpu().saturating_sub(cpu));
    Ok(vec![
        Row { what: "import, checked", found: Found::Load { hanse: checked, beside: None }, goal: None },
        Row {
            what: "import, found",
            found: Found::Load { hanse: imported, beside: None },
            goal: Some(Goal::PerSecond(PER_SECOND)),
        },
    ])
}

/// Products in a second.
fn figures(elapsed: Duration, cpu: Duration) -> Figures {
    let mut measured = Measured::default();
    (0..PRODUCTS).for_each(|_| measured.count(elapsed));
    measured.took(elapsed);
    measured.took_cpu(cpu);
    measured.figures()
}

async fn until(connection: &mut Connection, look: &[u8], marker: &str) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let page = connection.ask(look).await.map_err(|error| error.to_string())?;
        if page.status == 200 && memchr::memmem::find(page.body, marker.as_bytes()).is_some() {
            return Ok(());
        }
        if began.elapsed() > GIVEN_UP || page.status != 200 {
            let text = String::from_utf8_lossy(page.body);
            let text =
                text.split_once("<main").map_or(&*text, |(_, main)| main).chars().take(2_000).collect::<String>();
            return Err(format!("the import's page never says {marker:?}: {} {text}", page.status));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// One picture, which all of them have: to decode ten thousand would measure the decoder.
fn archive() -> Result<Vec<u8>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let picture = first_picture(&folder).ok_or("the demo has no picture")?;
    let told = |error: &dyn std::fmt::Display| format!("the archive: {error}");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(PICTURE, zip::write::SimpleFileOptions::default()).map_err(|error| told(&error))?;
    zip.write_all(&picture).map_err(|error| told(&error))?;
    Ok(zip.finish().map_err(|error| told(&error))?.into_inner())
}

fn first_picture(folder: &Path) -> Option<Vec<u8>> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    entries.iter().find_map(|path| match path.extension() {
        _ if path.is_dir() => first_picture(path),
        Some(kind) if kind == "jpg" || kind == "jpeg" => std::fs::read(path).ok(),
        _ => None,
    })
}

/// The spreadsheet, one row for each variant.
fn sheet() -> String {
    let mut sheet = String::from(
        "product_ref,pictures,category,title_en,title_zh,text_en,text_zh,unit_en,units_en,unit_zh,from_1,price_1,from_2,price_2,\
         attributes_en,attributes_zh,differ_in_en,differ_in_zh,variant_en,variant_zh,stock\n",
    );
    for number in 0..PRODUCTS {
        let Generated { category, title, text, tiers, variants, attributes, .. } =
            generated::product(SEED, number as u64);
        let price = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        let pairs = |of: fn(&catalogue::Both) -> &String| {
            let each = attributes.iter().map(|attribute| format!("{}: {}", of(&attribute.name), of(&attribute.value)));
            each.collect::<Vec<_>>().join(" | ")
        };
        for (name, _, stock) in variants.iter().take(VARIANTS) {
            let cells = [
                format!("R-{number}"),
                PICTURE.to_owned(),
                category.to_owned(),
                title.en.clone(),
                title.zh.clone(),
                text.en.clone(),
                text.zh.clone(),
                "piece".to_owned(),
                "pieces".to_owned(),
                "件".to_owned(),
                tiers[0].from.to_string(),
                price(tiers[0].price),
                tiers.get(1).map_or(String::new(), |tier| tier.from.to_string()),
                tiers.get(1).map_or(String::new(), |tier| price(tier.price)),
                pairs(|both| &both.en),
                pairs(|both| &both.zh),
                "Colour".to_owned(),
                "颜色".to_owned(),
                name.en.clone(),
                name.zh.clone(),
                stock.to_string(),
            ];
            let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
            sheet.push_str(&quoted.join(","));
            sheet.push('\n');
        }
    }
    sheet
}
