//! What the tests share: a marketplace of one test, and people who register.

use db::clock::{HOUR, SECOND};
use db::{Engine, Failed, Id, Migrations};
use member::registration::{Agreement, NewMember, Registered, begin, finish};
use member::sign_in::{Arrival, CodeBegun};
use member::{ClientAddress, CodeSent, Refused};
use policy::{Entered, Field, Language, Typed};
use std::collections::BTreeSet;
use std::path::Path;
use vault::Vault;
use vault::testing::{TestVault, each_engine};

pub const PASSWORD: &str = "Canary-Passphrase-77-schirm";
pub const EDITION: i64 = 4;

pub fn migrations() -> Vec<Migrations> {
    vec![vault::policy::migrations(), member::policy::migrations()]
}

/// Runs a test on both engines.
pub fn each(test: impl AsyncFn(&TestVault)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    each_engine(migrations, |v| {
        // A test may not end up on both sides of an hour's end, where the throttles begin anew.
        let into_the_hour = v.vault.data().now().rem_euclid(HOUR);
        move_clock(&v.vault, HOUR - into_the_hour + SECOND);
        runtime.block_on(test(&v));
    });
}

pub fn move_clock(vault: &Vault, by: i64) {
    vault.data().move_clock(by).unwrap();
}

pub fn entered<F: Field<Value = String>>(text: &str) -> Entered<F> {
    Entered::parse(&Typed::new(text)).unwrap_or_else(|invalid| panic!("{text}: {invalid:?}"))
}

pub fn typed(text: &str) -> Typed {
    Typed::new(text)
}

pub fn here() -> ClientAddress {
    ClientAddress::of("192.0.2.7".parse().unwrap())
}

/// A browser that has never been here.
pub fn nothing() -> Arrival {
    Arrival::with_nothing(Language::En)
}

pub fn code_of(sent: &CodeSent) -> String {
    sent.to_send.as_ref().unwrap().code.as_ref().unwrap().expose().clone()
}

/// A code that is not the one that was sent.
pub fn wrong_code_for(right: &str) -> String {
    if right == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

pub fn new_member(sent: &CodeSent, code: &str, name: &str, password: &str) -> NewMember {
    NewMember {
        code_id: sent.id.clone(),
        code: entered(code),
        name: entered(name),
        password: entered(password),
        agreement: Agreement::of_box(true, EDITION).unwrap(),
    }
}

pub async fn send(vault: &Vault, phone: &str) -> CodeSent {
    begin(vault, &entered(phone), &here()).await.unwrap()
}

/// A code with its message, as it is when the answer has gone.
pub async fn whole(vault: &Vault, begun: Result<CodeBegun, Failed<Refused>>) -> CodeSent {
    begun.unwrap().finish(vault).await.unwrap()
}

/// Registers a member, both steps.
pub async fn register(vault: &Vault, phone: &str, name: &str) -> Id {
    let sent = send(vault, phone).await;
    let registered = finish(vault, &new_member(&sent, &code_of(&sent), name, PASSWORD)).await.unwrap();
    registered.member().id.clone()
}

/// What was refused; panics at anything else.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Failed<Refused>>) -> Refused {
    match result {
        Err(Failed::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

pub fn is_ok(result: &Result<Registered, Failed<Refused>>) -> bool {
    result.is_ok()
}

/// How many rows a table has, of those that `condition` holds for.
pub fn rows(vault: &Vault, table: &str, condition: &str) -> i64 {
    count(vault.data(), table, condition)
}

pub fn count(database: &db::Database, table: &str, condition: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct N {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let sql = format!("select count(*) as n from {table} where {condition}");
    database
        .read_now(move |read| {
            use diesel::RunQueryDsl;
            let n: N = diesel::sql_query(sql).get_result(read.db)?;
            Ok::<_, db::Stop<()>>(n.n)
        })
        .unwrap()
}

/// Every file under the folders of a test that holds one of the texts. On PostgreSQL nothing: the files are the server's.
pub fn files_that_hold(v: &TestVault, texts: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if v.data.engine == Engine::Sqlite {
        for folder in [&v.data.folder, &v.keys.folder] {
            search(folder, texts, &mut found);
        }
    }
    found
}

fn search(folder: &Path, texts: &[&str], found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, texts, found);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for text in texts {
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.insert(format!("{text} in {}", path.display()));
            }
        }
    }
}
