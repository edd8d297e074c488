//! What was typed is in no file in clear.

use crate::market::*;
use db::Engine;
use std::path::Path;
use trade::checkout::{ASSURANCE, Destination};
use trade::order::{self, Filter};

const CANARIES: [&str; 9] = [
    "Canary-Name-欧阳",
    "13777700077",
    "Canary-Street-77-Yiwu",
    "88887777",
    "Canary-Note-88",
    "Canary-Evening-99",
    "Canary-Other-Name",
    "13666600066",
    "Canary-Other-Street",
];

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// 2.3.2-a.1, 2.3.2-c.3, 4-a: name, telephone, address, note, wished time and the words of the assurance are absent from
/// the SQLite files, the outbox and the ledger, after they were typed, ordered to, looked at and shipped to.
#[test]
fn canaries_are_absent_in_clear() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "Findable-Title", &[(1, 10)], &[(0, 99)]);
        let mut own = place(CANARIES[0], CANARIES[1], CANARIES[2]);
        own.alt_phone = Some(entered("0579-88887777"));
        let other = place(CANARIES[6], CANARIES[7], CANARIES[8]);
        for destination in [Destination::Own(own), Destination::Another(other)] {
            m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
            let at = AtCheckout {
                assured: true,
                notes: vec![(seller.shop.clone(), entered(CANARIES[4]))],
                wished_time: Some(entered(CANARIES[5])),
                ..AtCheckout::default()
            };
            let id = m.order(&buyer, destination, at).unwrap().orders[0].order.clone();
            m.pay(&id);
            let access = m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap();
            let (who, of) = (buyer.clone(), id.clone());
            m.read(move |r| order::detail(r, &who, &access, &of).map(|_| ())).unwrap();
            let access = m.wait(order::prepare_for_seller(&m.v.vault, &seller, &id)).unwrap();
            let (who, of) = (seller.clone(), id.clone());
            m.read(move |r| order::for_seller(r, &who, &access, &of).map(|_| ())).unwrap();
        }
        let filter = Filter { limit: 20, ..Filter::default() };
        let access = m.wait(order::prepare_of_shop(&m.v.vault, &seller, &filter)).unwrap();
        let who = seller.clone();
        m.read(move |r| order::of_shop(r, &who, &access, &filter).map(|_| ())).unwrap();

        let mut searched = Vec::new();
        for (table, column) in [("outbox", "body"), ("ledger_block", "body"), ("job", "body")] {
            #[derive(diesel::QueryableByName)]
            struct Text {
                #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
                text: Option<String>,
            }
            let sql = format!("select {column} as text from {table}");
            let rows: Vec<Text> =
                m.read(move |r| Ok(diesel::RunQueryDsl::load(diesel::sql_query(sql), r.db)?)).unwrap();
            assert!(table == "job" || !rows.is_empty(), "{table}");
            searched.extend(rows.into_iter().filter_map(|row| row.text).map(|t| (table.to_owned(), t.into_bytes())));
        }
        if m.v.data.engine == Engine::Sqlite {
            files(&m.v.data.folder, &mut searched);
            files(&m.v.keys.folder, &mut searched);
            // The search finds what is there.
            assert!(searched.iter().any(|(_, bytes)| holds(bytes, "Findable-Title")));
        }
        for (file, bytes) in &searched {
            for canary in CANARIES.iter().chain([&ASSURANCE.zh, &ASSURANCE.en]) {
                assert!(!holds(bytes, canary), "{canary} is in {file}");
            }
        }
    });
}
