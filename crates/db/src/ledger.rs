//! The ledger: who opened whose data. One block per commit, outside the commands' savepoints, so that a refused or
//! panicked command keeps its lines; hash-chained per process start and connection.
//!
//! The hash covers the body's digest and not the body, so that old content can go (the body becomes NULL) while the
//! chain still verifies: `hash = SHA-256(previous hash ‖ digest ‖ n ‖ at)`, numbers as eight bytes, big-endian; before the
//! first block stands the SHA-256 of the chain's name. Cutting a chain's end off is seen only against published heads.

use aws_lc_rs::digest::{Context, SHA256, digest};
use diesel::prelude::*;

use crate::policy::ledger_block;
use crate::{Db, Id, Note};

const BLOCKS_PER_PAGE: i64 = 500;

/// The chain that one connection writes.
#[derive(Clone)]
pub(crate) struct Chain {
    name: String,
    n: i64,
    head: Vec<u8>,
}

impl Chain {
    pub fn begin() -> Chain {
        let name = Id::fresh().to_string();
        let head = before_first(&name);
        Chain { name, n: 0, head }
    }

    /// Appends one block; the caller goes back to a copy of the chain if the commit fails.
    pub fn append(&mut self, db: &mut Db, now: i64, notes: &[Note]) -> QueryResult<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let body = notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n");
        let digest = digest_of(&body);
        let n = self.n + 1;
        let hash = chained(&self.head, &digest, n, now);
        diesel::insert_into(ledger_block::table)
            .values((
                ledger_block::chain.eq(&self.name),
                ledger_block::n.eq(n),
                ledger_block::at.eq(now),
                ledger_block::body.eq(body),
                ledger_block::digest.eq(digest),
                ledger_block::hash.eq(&hash),
            ))
            .execute(db)?;
        self.n = n;
        self.head = hash;
        Ok(())
    }
}

fn before_first(chain: &str) -> Vec<u8> {
    digest(&SHA256, chain.as_bytes()).as_ref().to_vec()
}

fn digest_of(body: &str) -> Vec<u8> {
    digest(&SHA256, body.as_bytes()).as_ref().to_vec()
}

fn chained(previous: &[u8], digest: &[u8], n: i64, at: i64) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(digest);
    context.update(&n.to_be_bytes());
    context.update(&at.to_be_bytes());
    context.finish().as_ref().to_vec()
}

/// A block as it is stored.
#[derive(Clone, Debug, Queryable)]
pub struct Block {
    pub chain: String,
    pub n: i64,
    pub at: i64,
    /// The notes, one per line; `None` once they have been dropped.
    pub body: Option<String>,
    pub digest: Vec<u8>,
    pub hash: Vec<u8>,
}

/// The end of a chain: what is signed and published.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Head {
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub chain: String,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub n: i64,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    pub hash: Vec<u8>,
}

/// What [`verify`] walked over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub chains: u64,
    pub blocks: u64,
    /// Blocks whose body is still there.
    pub bodies: u64,
}

/// Where a chain does not hold.
#[derive(Debug)]
pub enum Broken {
    Block { chain: String, n: i64, why: &'static str },
    Unread(diesel::result::Error),
}

impl From<diesel::result::Error> for Broken {
    fn from(error: diesel::result::Error) -> Broken {
        Broken::Unread(error)
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Broken::Block { chain, n, why } => write!(f, "chain {chain}, block {n}: {why}"),
            Broken::Unread(error) => write!(f, "the ledger cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Broken {}

/// Walks every chain from its first block.
pub fn verify(db: &mut Db) -> Result<Verified, Broken> {
    let mut verified = Verified::default();
    let (mut chain, mut n, mut head) = (String::new(), 0, Vec::new());
    loop {
        let page = page_after(db, &chain, n)?;
        let complete = (page.len() as i64) < BLOCKS_PER_PAGE;
        for block in page {
            if block.chain != chain {
                verified.chains += 1;
                head = before_first(&block.chain);
                chain = block.chain;
                n = 0;
            }
            let broken = |why| Broken::Block { chain: chain.clone(), n: block.n, why };
            if block.n != n + 1 {
                return Err(broken("a block is missing before it"));
            }
            if let Some(body) = &block.body {
                if digest_of(body) != block.digest {
                    return Err(broken("the body is not the one that was written"));
                }
                verified.bodies += 1;
            }
            head = chained(&head, &block.digest, block.n, block.at);
            if head != block.hash {
                return Err(broken("the hash does not follow from the block before"));
            }
            n = block.n;
            verified.blocks += 1;
        }
        if complete {
            return Ok(verified);
        }
    }
}

fn page_after(db: &mut Db, chain: &str, n: i64) -> QueryResult<Vec<Block>> {
    ledger_block::table
        .filter(ledger_block::chain.gt(chain).or(ledger_block::chain.eq(chain).and(ledger_block::n.gt(n))))
        .order((ledger_block::chain, ledger_block::n))
        .limit(BLOCKS_PER_PAGE)
        .load(db)
}

/// The blocks of one chain after its `n`th, in order: for an index by person, which keeps its place per chain.
pub fn blocks_after(db: &mut Db, chain: &str, n: i64, limit: i64) -> QueryResult<Vec<Block>> {
    ledger_block::table
        .filter(ledger_block::chain.eq(chain).and(ledger_block::n.gt(n)))
        .order(ledger_block::n)
        .limit(limit)
        .load(db)
}

/// Every chain's end.
pub fn heads(db: &mut Db) -> QueryResult<Vec<Head>> {
    diesel::sql_query(
        "select b.chain, b.n, b.hash from ledger_block b \
         join (select chain, max(n) as n from ledger_block group by chain) h on h.chain = b.chain and h.n = b.n \
         order by b.chain",
    )
    .load(db)
}

/// Drops the bodies of the blocks before `at`, whole blocks only; the chains still verify.
pub fn drop_bodies_before(db: &mut Db, at: i64) -> QueryResult<usize> {
    diesel::update(ledger_block::table.filter(ledger_block::at.lt(at)).filter(ledger_block::body.is_not_null()))
        .set(ledger_block::body.eq(None::<String>))
        .execute(db)
}
