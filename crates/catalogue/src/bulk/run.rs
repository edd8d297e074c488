//! An import from its upload to its end, and the job that carries it.
//!
//! `checking → checked → importing → done`; `cancelled` from anywhere before the end, with what was imported by then
//! whole; `lost` where its files are no longer there. Nothing but the row says how far it is: each step of the job moves
//! `done` from the place it was read at, in the transaction that does the work, so that a step that somebody else has
//! done, or that was called off, does nothing.

use std::collections::HashMap;
use std::sync::Arc;

use db::clock::{DAY, HOUR};
use db::{BlobId, Database, Failed, Id, Job, JobContext, JobHandler, JobOutcome, NewJob, Read, Scope, Stop, Tx};
use db::{insert_all, on_each};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::column::Column;
use super::draft::{Draft, draft};
use super::mistake::{Message, Mistake, Wrong};
use super::own::{self, Own};
use super::settle::{Around, Categories, Named, Step, carry_out, settle};
use super::sheet::Sheet;
use crate::picture;
use crate::policy::{goods_import, import_mistake, shop};
use crate::product::{self, NewProduct, Unit};
use crate::shop::Seller;
use crate::{Both, Refused, category};

/// Imports that a shop keeps at once.
pub const IMPORTS_MAX: usize = 10;
/// Mistakes of one import that are kept; of more only the number is.
pub const MISTAKES_KEPT_MAX: i64 = 2_000;
/// After its last step.
pub const KEPT: i64 = 7 * DAY;
pub const IMPORT_JOB: &str = "catalogue.import";
pub const SWEEP_JOB: &str = "catalogue.import_sweep";

/// Products to a transaction. With variants and tiers these are some 200 rows: longer commands make others wait.
const PRODUCTS_PER_COMMAND: usize = 25;
/// After an import of so many products PostgreSQL's planner is told.
const ANALYSED_FROM: usize = 500;
/// After so many, or so many pictures, the job lets others go first.
const COMMANDS_PER_RUN: usize = 80;
const PICTURES_PER_RUN: usize = 100;
const PREVIEWS: usize = 8;
const ROWS_MAX: usize = 100;

pub const HANDLERS: &[JobHandler] =
    &[JobHandler { kind: IMPORT_JOB, run, every: None }, JobHandler { kind: SWEEP_JOB, run: sweep, every: Some(HOUR) }];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Checking,
    Checked,
    Importing,
    Done,
    Cancelled,
    /// Its files are gone, say after a restore without the media.
    Lost,
}

impl State {
    fn id(self) -> &'static str {
        match self {
            State::Checking => "checking",
            State::Checked => "checked",
            State::Importing => "importing",
            State::Done => "done",
            State::Cancelled => "cancelled",
            State::Lost => "lost",
        }
    }

    fn of(id: &str) -> State {
        use State::*;
        [Checking, Checked, Importing, Done, Cancelled].into_iter().find(|state| state.id() == id).unwrap_or(Lost)
    }

    /// The job is at it.
    pub fn runs(self) -> bool {
        matches!(self, State::Checking | State::Importing)
    }
}

/// An import as its page shows it.
#[derive(Clone, Debug)]
pub struct Import {
    pub id: Id,
    pub state: State,
    pub rows: i64,
    pub products: i64,
    /// Products looked at, or imported.
    pub done: i64,
    pub fresh: i64,
    pub changed: i64,
    pub same: i64,
    pub faulty: i64,
    pub mistakes: i64,
    pub preview: Vec<Preview>,
    /// When the search index has come to this position of the outbox, all of it is found.
    pub findable_from: Option<i64>,
    pub made_at: i64,
    pub changed_at: i64,
    sheet: String,
    archive: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Fresh,
    Changed,
    Same,
}

/// One of the first products, as buyers will see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    pub reference: String,
    pub verdict: Verdict,
    pub title: Both,
    pub category: String,
    pub unit: Unit,
    pub minimum: i64,
    pub price_low: i64,
    pub price_high: i64,
    pub variants: usize,
    pub stock: i64,
}

// --- what the seller does ---------------------------------------------------------------------------------------------

/// Takes in a file that was read as a table, and has it checked. Its blobs are on the disk. The same files, sent again
/// while they are looked at, are the same import.
pub fn begin(
    tx: &mut Tx,
    seller: &Seller,
    sheet: &BlobId,
    archive: Option<&BlobId>,
    read: (usize, usize),
) -> Result<Id, Stop<Refused>> {
    let looked_at = goods_import::table
        .filter(goods_import::shop.eq(&seller.shop))
        .filter(goods_import::state.eq(State::Checking.id()))
        .filter(goods_import::sheet.eq(sheet.as_str()))
        .select((goods_import::id, goods_import::archive));
    let looked_at: Vec<(Id, Option<String>)> = looked_at.load(tx.db)?;
    if let Some((id, _)) = looked_at.into_iter().find(|(_, other)| other.as_deref() == archive.map(BlobId::as_str)) {
        return Ok(id);
    }
    let kept: i64 = goods_import::table.filter(goods_import::shop.eq(&seller.shop)).count().get_result(tx.db)?;
    if kept >= IMPORTS_MAX as i64 {
        return Err(Stop::refuse(Refused::ImportsMany { max: IMPORTS_MAX }));
    }
    let (id, now) = (tx.id(), tx.now);
    let (rows, products) = read;
    diesel::insert_into(goods_import::table)
        .values((
            (goods_import::shop.eq(&seller.shop), goods_import::id.eq(&id)),
            goods_import::state.eq(State::Checking.id()),
            (goods_import::sheet.eq(sheet.as_str()), goods_import::archive.eq(archive.map(BlobId::as_str))),
            (goods_import::rows_read.eq(rows as i64), goods_import::products.eq(products as i64)),
            (goods_import::done.eq(0), goods_import::fresh.eq(0), goods_import::changed.eq(0)),
            (goods_import::same.eq(0), goods_import::faulty.eq(0), goods_import::mistakes.eq(0)),
            (goods_import::partial.eq(false), goods_import::preview.eq("[]")),
            (goods_import::made_at.eq(now), goods_import::changed_at.eq(now)),
        ))
        .execute(tx.db)?;
    enqueue(tx, seller, &id);
    Ok(id)
}

fn enqueue(tx: &mut Tx, seller: &Seller, id: &Id) {
    let body = serde_json::json!({ "shop": seller.shop, "import": id });
    tx.enqueue(NewJob { kind: IMPORT_JOB, unique: Some(id.to_string()), due_at: 0, body });
}

/// Imports what was checked. Where some of it is faulty, only if the seller says that the rest goes without it
/// (`partial`).
pub fn start(tx: &mut Tx, seller: &Seller, id: &Id, partial: bool) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    let mut ready = diesel::update(goods_import::table.find((&seller.shop, id)))
        .set((
            goods_import::state.eq(State::Importing.id()),
            goods_import::partial.eq(partial),
            (goods_import::done.eq(0), goods_import::fresh.eq(0), goods_import::changed.eq(0)),
            (goods_import::same.eq(0), goods_import::faulty.eq(0), goods_import::mistakes.eq(0)),
            goods_import::changed_at.eq(now),
        ))
        .filter(goods_import::state.eq(State::Checked.id()))
        .filter(goods_import::faulty.lt(goods_import::products))
        .into_boxed();
    if !partial {
        ready = ready.filter(goods_import::faulty.eq(0));
    }
    if ready.execute(tx.db)? == 0 {
        return Err(Stop::refuse(unknown_or_elsewhere(tx, seller, id)?));
    }
    enqueue(tx, seller, id);
    Ok(())
}

/// Ends an import before its end: products that were imported stay, whole, and no other follows.
pub fn cancel(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    let before_the_end = [State::Checking, State::Checked, State::Importing].map(State::id);
    let n = diesel::update(goods_import::table.find((&seller.shop, id)))
        .filter(goods_import::state.eq_any(before_the_end))
        .set((goods_import::state.eq(State::Cancelled.id()), goods_import::changed_at.eq(now)))
        .execute(tx.db)?;
    if n == 0 { Err(Stop::refuse(unknown_or_elsewhere(tx, seller, id)?)) } else { Ok(()) }
}

/// Forgets an import that does not run. Returns the files that nothing names any more, to be deleted after the commit.
pub fn close(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<Vec<BlobId>, Stop<Refused>> {
    let import = one(tx, seller, id)?.ok_or(Stop::Refused(Refused::ImportNotFound))?;
    if import.state.runs() {
        return Err(Stop::refuse(Refused::ImportState));
    }
    Ok(forget(tx, &seller.shop, import)?)
}

fn forget(tx: &mut Tx, shop: &Id, import: Import) -> QueryResult<Vec<BlobId>> {
    diesel::delete(import_mistake::table.filter(import_mistake::import.eq(&import.id))).execute(tx.db)?;
    diesel::delete(goods_import::table.find((shop, &import.id))).execute(tx.db)?;
    let mut free = Vec::new();
    for blob in std::iter::once(import.sheet).chain(import.archive) {
        // The same bytes may have been uploaded twice, or be somebody's picture.
        let others: i64 = goods_import::table
            .filter(goods_import::sheet.eq(&blob).or(goods_import::archive.eq(&blob)))
            .count()
            .get_result(tx.db)?;
        if let Some(blob) = BlobId::parse(&blob).filter(|_| others == 0)
            && !picture::is_public(tx, &blob)?
        {
            free.push(blob);
        }
    }
    Ok(free)
}

fn unknown_or_elsewhere(tx: &mut Tx, seller: &Seller, id: &Id) -> QueryResult<Refused> {
    Ok(if one(tx, seller, id)?.is_none() { Refused::ImportNotFound } else { Refused::ImportState })
}

// --- what the seller sees ---------------------------------------------------------------------------------------------

type ImportRow =
    ((Id, String, String, Option<String>), (i64, i64, i64), (i64, i64, i64, i64, i64), (String, Option<i64>, i64, i64));

#[diesel::dsl::auto_type(no_type_alias)]
fn rows() -> _ {
    goods_import::table.select((
        (goods_import::id, goods_import::state, goods_import::sheet, goods_import::archive),
        (goods_import::rows_read, goods_import::products, goods_import::done),
        (goods_import::fresh, goods_import::changed, goods_import::same, goods_import::faulty, goods_import::mistakes),
        (goods_import::preview, goods_import::findable_from, goods_import::made_at, goods_import::changed_at),
    ))
}

fn import((own, size, counts, rest): ImportRow) -> Import {
    Import {
        id: own.0,
        state: State::of(&own.1),
        sheet: own.2,
        archive: own.3,
        rows: size.0,
        products: size.1,
        done: size.2,
        fresh: counts.0,
        changed: counts.1,
        same: counts.2,
        faulty: counts.3,
        mistakes: counts.4,
        preview: serde_json::from_str(&rest.0).unwrap_or_default(),
        findable_from: rest.1,
        made_at: rest.2,
        changed_at: rest.3,
    }
}

/// An import of the seller's shop.
pub fn one(scope: &mut impl Scope, seller: &Seller, id: &Id) -> QueryResult<Option<Import>> {
    let row = rows().filter(goods_import::shop.eq(&seller.shop)).filter(goods_import::id.eq(id)).first(scope.db());
    Ok(row.optional()?.map(import))
}

/// Those that the shop keeps, the newest first.
pub fn of_shop(scope: &mut impl Scope, seller: &Seller) -> QueryResult<Vec<Import>> {
    let rows: Vec<ImportRow> =
        rows().filter(goods_import::shop.eq(&seller.shop)).order(goods_import::id.desc()).load(scope.db())?;
    Ok(rows.into_iter().map(import).collect())
}

/// Where a mistake stands among those of its import: number of the product, and which of its mistakes.
pub type MistakePlace = (i64, i64);

/// The mistakes of an import of the seller's shop, in the order of the file, from behind `after` on.
pub fn mistakes(
    scope: &mut impl Scope,
    seller: &Seller,
    id: &Id,
    after: Option<MistakePlace>,
    limit: i64,
) -> QueryResult<Vec<(MistakePlace, Mistake)>> {
    if one(scope, seller, id)?.is_none() {
        return Ok(Vec::new());
    }
    let (place, sort) = after.unwrap_or((i64::MIN, i64::MIN));
    let behind = import_mistake::place.gt(place).or(import_mistake::place.eq(place).and(import_mistake::sort.gt(sort)));
    let rows: Vec<(MistakePlace, i64, String, String, String)> = import_mistake::table
        .filter(import_mistake::import.eq(id))
        .filter(behind)
        .order((import_mistake::place, import_mistake::sort))
        .limit(limit)
        .select((
            (import_mistake::place, import_mistake::sort),
            import_mistake::line,
            import_mistake::cell_of,
            import_mistake::cell,
            import_mistake::message,
        ))
        .load(scope.db())?;
    Ok(rows
        .into_iter()
        .filter_map(|(place, line, column, cell, message)| {
            let message: Message = serde_json::from_str(&message).ok()?;
            Some((place, Mistake { line, column: Column::of_key(&column), cell, message }))
        })
        .collect())
}

// --- the job ----------------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Body {
    shop: Id,
    import: Id,
}

fn run(ctx: &JobContext, job: &Job) -> JobOutcome {
    let Ok(body) = serde_json::from_value::<Body>(job.body.clone()) else {
        return JobOutcome::Dead("its body names no import".to_owned());
    };
    match advance(&ctx.db, &body.shop, &body.import) {
        Ok(true) => JobOutcome::Continue(job.body.clone()),
        Ok(false) => JobOutcome::Done,
        Err(failed) => JobOutcome::Retry(failed.to_string()),
    }
}

/// Does some steps of an import; whether there are more.
pub(super) fn advance(db: &Database, shop: &Id, id: &Id) -> Result<bool, Failed<Refused>> {
    let (of, named) = (shop.clone(), id.clone());
    let found = db.read_now(move |r| Ok(found(r, &of, &named)?))?;
    let Some((seller, import, tree)) = found else { return Ok(false) };
    if !import.state.runs() {
        return Ok(false);
    }
    let Some(files) = Files::open(db, &import) else {
        let shop = shop.clone();
        db.write_now(move |tx| {
            let row = goods_import::table.find((&shop, &import.id));
            diesel::update(row).set(goods_import::state.eq(State::Lost.id())).execute(tx.db)?;
            Ok(())
        })?;
        return Ok(false);
    };
    let work =
        Work { db, seller, id: import.id.clone(), state: import.state, categories: Arc::new(Categories::of(&tree)) };
    work.go_on(files, import)
}

fn found(r: &mut Read, shop: &Id, id: &Id) -> QueryResult<Option<(Seller, Import, category::Tree)>> {
    let owner: Option<Id> = shop::table.find(shop).select(shop::owner).first(r.db).optional()?;
    let Some(member) = owner else { return Ok(None) };
    let seller = Seller { member, shop: shop.clone() };
    let Some(import) = one(r, &seller, id)? else { return Ok(None) };
    Ok(Some((seller, import, category::names(r)?)))
}

/// The uploaded files, opened.
struct Files {
    sheet: Sheet,
    products: Vec<Vec<usize>>,
    pictures: Pictures,
}

impl Files {
    fn open(db: &Database, import: &Import) -> Option<Files> {
        let bytes = db.blobs().get(&BlobId::parse(&import.sheet)?).ok()?;
        let sheet = Sheet::read(&bytes).ok()?;
        let archive = match &import.archive {
            Some(blob) => Some(Archive::open(&db.blobs().path(&BlobId::parse(blob)?)).ok()?),
            None => None,
        };
        let products = sheet.products();
        let pictures = Pictures { archive, known: HashMap::new(), prepared: 0 };
        Some(Files { sheet, products, pictures })
    }
}

/// The pictures of a run, each decoded once.
struct Pictures {
    archive: Option<Archive>,
    known: Named,
    prepared: usize,
}

impl Pictures {
    /// Those that the drafts name; `None` where no archive came. Outside of any transaction: they take their time.
    /// Stored only where they are about to be used.
    fn of(
        &mut self,
        db: &Database,
        drafts: &[Result<Draft, Vec<Mistake>>],
        store: bool,
    ) -> Result<Option<Named>, Failed<Refused>> {
        let Some(archive) = &mut self.archive else { return Ok(None) };
        let mut named = HashMap::new();
        for name in drafts.iter().flatten().flat_map(Draft::files) {
            if !self.known.contains_key(name) {
                self.prepared += 1;
                let prepared = archive.get(name).and_then(|bytes| picture::prepare(&bytes).map_err(Wrong::Refused));
                let known = match prepared {
                    Ok(prepared) if store => Ok(prepared
                        .store(db.blobs())
                        .map_err(|error| Failed::Unavailable(format!("a picture was not stored: {error}")))?),
                    Ok(prepared) => Ok(prepared.named()),
                    Err(wrong) => Err(wrong),
                };
                self.known.insert(name.to_owned(), known);
            }
            named.insert(name.to_owned(), self.known[name].clone());
        }
        Ok(Some(named))
    }
}

/// A few products on their way.
struct Chunk {
    seller: Seller,
    id: Id,
    from: i64,
    drafts: Vec<Result<Draft, Vec<Mistake>>>,
    pictures: Option<Named>,
    categories: Arc<Categories>,
}

/// What came of them.
#[derive(Default)]
struct Tally {
    fresh: i64,
    changed: i64,
    same: i64,
    faulty: i64,
    /// With the place of their product.
    mistakes: Vec<(i64, Mistake)>,
    preview: Vec<Preview>,
}

struct Work<'a> {
    db: &'a Database,
    seller: Seller,
    id: Id,
    state: State,
    categories: Arc<Categories>,
}

impl Work<'_> {
    fn go_on(&self, mut files: Files, import: Import) -> Result<bool, Failed<Refused>> {
        let end = files.products.len();
        let mut from = usize::try_from(import.done).unwrap_or(0).min(end);
        for _ in 0..COMMANDS_PER_RUN {
            if from == end || files.pictures.prepared >= PICTURES_PER_RUN {
                break;
            }
            let to = (from + PRODUCTS_PER_COMMAND).min(end);
            let drafts: Vec<_> = files.products[from..to].iter().map(|rows| draft(&files.sheet, rows)).collect();
            let pictures = files.pictures.of(self.db, &drafts, self.state == State::Importing)?;
            let gone_on = match self.state {
                State::Checking => self.check(self.chunk(from, drafts, pictures))?,
                _ => self.import(&files, from, drafts, pictures)?,
            };
            if !gone_on {
                return Ok(false);
            }
            from = to;
        }
        if from < end {
            return Ok(true);
        }
        self.end(end)?;
        Ok(false)
    }

    fn chunk(&self, from: usize, drafts: Vec<Result<Draft, Vec<Mistake>>>, pictures: Option<Named>) -> Arc<Chunk> {
        let (seller, id) = (self.seller.clone(), self.id.clone());
        Arc::new(Chunk { seller, id, from: from as i64, drafts, pictures, categories: self.categories.clone() })
    }

    /// Looks at some products, and writes down what was found.
    fn check(&self, chunk: Arc<Chunk>) -> Result<bool, Failed<Refused>> {
        let seen = chunk.clone();
        let tally = self.db.read_now(move |r| seen.settle(r))?;
        let tally = Arc::new(tally.0);
        self.db.write_now(move |tx| {
            if !chunk.advance(tx, State::Checking)? {
                return Ok(false);
            }
            chunk.write_down(tx, &tally, State::Checking)?;
            Ok(true)
        })
    }

    /// Imports some products: all in one transaction, or, where one of them is refused, each in its own.
    fn import(
        &self,
        files: &Files,
        from: usize,
        drafts: Vec<Result<Draft, Vec<Mistake>>>,
        pictures: Option<Named>,
    ) -> Result<bool, Failed<Refused>> {
        let count = drafts.len();
        match self.db.write_now(carrying_out(self.chunk(from, drafts, pictures.clone()))) {
            Err(Failed::Refused(_)) if count > 1 => {}
            Err(Failed::Refused(refused)) => return self.leave_out(files, from, refused),
            gone_on => return gone_on,
        }
        for at in from..from + count {
            let drafts = vec![draft(&files.sheet, &files.products[at])];
            let gone_on = match self.db.write_now(carrying_out(self.chunk(at, drafts, pictures.clone()))) {
                Err(Failed::Refused(refused)) => self.leave_out(files, at, refused)?,
                gone_on => gone_on?,
            };
            if !gone_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes past a product that its command refused, and says why.
    fn leave_out(&self, files: &Files, at: usize, refused: Refused) -> Result<bool, Failed<Refused>> {
        let rows = &files.products[at];
        let line = files.sheet.row(rows[0]).line;
        let cell = files.sheet.cell(rows[0], Column::Reference).to_owned();
        let mistake = Mistake::new(line, Some(Column::Reference), &cell, Wrong::Refused(refused));
        let chunk = self.chunk(at, vec![Err(vec![mistake.clone()])], None);
        self.db.write_now(carrying_out(chunk))
    }

    fn end(&self, products: usize) -> Result<(), Failed<Refused>> {
        let (shop, id, state) = (self.seller.shop.clone(), self.id.clone(), self.state);
        let findable_from = if state == State::Importing { Some(self.placed()?) } else { None };
        let ended = if state == State::Checking { State::Checked } else { State::Done };
        if state == State::Importing && products >= ANALYSED_FROM {
            // They may be most of what there is; a few are not worth a look at every table.
            self.db.analyse();
        }
        self.db.write_now(move |tx| {
            let now = tx.now;
            diesel::update(goods_import::table.find((&shop, &id)))
                .filter(goods_import::state.eq(state.id()))
                .filter(goods_import::done.eq(goods_import::products))
                .set((
                    goods_import::state.eq(ended.id()),
                    goods_import::findable_from.eq(findable_from),
                    goods_import::changed_at.eq(now),
                ))
                .execute(tx.db)?;
            Ok(())
        })
    }

    /// The position of the outbox behind everything that this import has said; on PostgreSQL events get theirs a moment
    /// after the commit.
    fn placed(&self) -> Result<i64, Failed<Refused>> {
        use db::policy::outbox;
        for _ in 0..100 {
            let (waiting, last) = self.db.read_now(|r| {
                let waiting: i64 = outbox::table.filter(outbox::position.is_null()).count().get_result(r.db)?;
                Ok::<_, Stop<Refused>>((waiting, db::outbox::last_position(r.db)?))
            })?;
            if waiting == 0 {
                return Ok(last);
            }
            self.db.wait_for_events(last, std::time::Duration::from_millis(50));
        }
        Err(Failed::Unavailable("the outbox is behind".to_owned()))
    }
}

/// The command that carries out a chunk. It says whether the import goes on; refused where one of the products is.
fn carrying_out(chunk: Arc<Chunk>) -> impl Fn(&mut Tx) -> Result<bool, Stop<Refused>> + Send + 'static {
    move |tx| {
        // First: whoever is second waits here, and finds that it is done.
        if !chunk.advance(tx, State::Importing)? {
            return Ok(false);
        }
        let (tally, steps) = chunk.settle(tx)?;
        carry_out(tx, &chunk.seller, steps)?;
        chunk.write_down(tx, &tally, State::Importing)?;
        Ok(true)
    }
}

impl Chunk {
    /// `false` where the import was called off, or another process has been there.
    fn advance(&self, tx: &mut Tx, state: State) -> QueryResult<bool> {
        let now = tx.now;
        let row = goods_import::table.find((&self.seller.shop, &self.id));
        let n = diesel::update(row)
            .filter(goods_import::state.eq(state.id()))
            .filter(goods_import::done.eq(self.from))
            .set((goods_import::done.eq(self.from + self.drafts.len() as i64), goods_import::changed_at.eq(now)))
            .execute(tx.db)?;
        Ok(n == 1)
    }

    /// Settles the drafts with the goods there are: what was found, and what is to be done with those that have no mistake.
    fn settle(&self, scope: &mut impl Scope) -> Result<(Tally, Vec<Step>), Stop<Refused>> {
        let closed = match product::must_be_open(scope, &self.seller) {
            Ok(()) => None,
            Err(Stop::Refused(refused)) => Some(refused),
            Err(fault) => return Err(fault),
        };
        let around = Around { categories: &self.categories, closed, pictures: self.pictures.as_ref() };
        let names: Vec<&str> = self.drafts.iter().flatten().map(|draft| draft.reference.as_str()).collect();
        let own = own::named(scope, &self.seller, &names)?;
        let by_number = |name: &str| own.iter().find(|own| own.product.reference == name);
        let by_id = |name: &str| own.iter().find(|own| own.id.as_str() == name);
        let (mut tally, mut steps) = (Tally::default(), Vec::new());
        for (drafted, place) in self.drafts.iter().zip(self.from..) {
            let settled = match drafted {
                Ok(draft) => {
                    let own = by_number(&draft.reference).or_else(|| by_id(&draft.reference));
                    settle(draft, own, &around).map(|step| (step, own, draft))
                }
                Err(mistakes) => Err(mistakes.clone()),
            };
            match settled {
                Ok((step, own, draft)) => {
                    tally.count(&step, own, &draft.reference);
                    steps.push(step);
                }
                Err(mistakes) => {
                    tally.faulty += 1;
                    tally.mistakes.extend(mistakes.into_iter().map(|mistake| (place, mistake)));
                }
            }
        }
        Ok((tally, steps))
    }

    fn write_down(&self, tx: &mut Tx, tally: &Tally, state: State) -> QueryResult<()> {
        let row = || goods_import::table.find((&self.seller.shop, &self.id));
        let to = self.from + self.drafts.len() as i64;
        if state == State::Importing {
            // What the check had found here is said anew, as it is now.
            diesel::delete(import_mistake::table.filter(import_mistake::import.eq(&self.id)))
                .filter(import_mistake::place.ge(self.from))
                .filter(import_mistake::place.lt(to))
                .execute(tx.db)?;
        }
        if !tally.mistakes.is_empty() {
            let had: i64 = row().select(goods_import::mistakes).first(tx.db)?;
            let room = usize::try_from(MISTAKES_KEPT_MAX - had).unwrap_or(0);
            let rows: Vec<_> = (tally.mistakes.iter().zip(0i64..).take(room))
                .map(|((place, mistake), sort)| {
                    (
                        import_mistake::import.eq(self.id.clone()),
                        import_mistake::place.eq(*place),
                        import_mistake::sort.eq(sort),
                        import_mistake::line.eq(mistake.line),
                        import_mistake::cell_of.eq(mistake.column.map_or("", Column::key)),
                        import_mistake::cell.eq(mistake.cell.clone()),
                        import_mistake::message.eq(serde_json::to_string(&mistake.message).unwrap_or_default()),
                    )
                })
                .collect();
            on_each!(tx.db, c => insert_all!(c, import_mistake::table, rows, ROWS_MAX))?;
        }
        diesel::update(row())
            .set((
                goods_import::fresh.eq(goods_import::fresh + tally.fresh),
                goods_import::changed.eq(goods_import::changed + tally.changed),
                goods_import::same.eq(goods_import::same + tally.same),
                goods_import::faulty.eq(goods_import::faulty + tally.faulty),
                goods_import::mistakes.eq(goods_import::mistakes + tally.mistakes.len() as i64),
            ))
            .execute(tx.db)?;
        if self.from == 0 && state == State::Checking {
            let preview = serde_json::to_string(&tally.preview).unwrap_or_default();
            diesel::update(row()).set(goods_import::preview.eq(preview)).execute(tx.db)?;
        }
        Ok(())
    }
}

impl Tally {
    fn count(&mut self, step: &Step, own: Option<&Own>, reference: &str) {
        let (counted, verdict) = match step {
            Step::Publish { .. } => (&mut self.fresh, Verdict::Fresh),
            Step::Edit { .. } => (&mut self.changed, Verdict::Changed),
            Step::Same => (&mut self.same, Verdict::Same),
        };
        *counted += 1;
        let shown = match step {
            Step::Publish { new, .. } | Step::Edit { new: Some(new), .. } => Some(new),
            _ => own.map(|own| &own.product),
        };
        if let Some(shown) = shown.filter(|_| self.preview.len() < PREVIEWS) {
            self.preview.push(preview(reference, verdict, shown));
        }
    }
}

fn preview(reference: &str, verdict: Verdict, product: &NewProduct) -> Preview {
    Preview {
        reference: reference.to_owned(),
        verdict,
        title: product.title.clone(),
        category: product.category.clone(),
        unit: product.unit.clone(),
        minimum: product.tiers.first().map_or(1, |tier| tier.from),
        price_low: product.tiers.last().map_or(1, |tier| tier.price),
        price_high: product.tiers.first().map_or(1, |tier| tier.price),
        variants: product.variants.len(),
        stock: product.variants.iter().map(|variant| variant.stock).sum(),
    }
}

/// Forgets imports whose last step is long past, with their files.
fn sweep(ctx: &JobContext, _job: &Job) -> JobOutcome {
    let swept = ctx.db.write_now(|tx| {
        let before = tx.now - KEPT;
        let old: Vec<(Id, Id)> = goods_import::table
            .filter(goods_import::changed_at.lt(before))
            .select((goods_import::shop, goods_import::id))
            .limit(ROWS_MAX as i64)
            .load(tx.db)?;
        let mut free = Vec::new();
        for (shop, id) in old {
            let row = rows().filter(goods_import::shop.eq(&shop)).filter(goods_import::id.eq(&id)).first(tx.db)?;
            free.extend(forget(tx, &shop, import(row))?);
        }
        Ok::<_, Stop<Refused>>(free)
    });
    match swept {
        Ok(free) => {
            for blob in free {
                if let Err(error) = ctx.db.blobs().delete(&blob) {
                    return JobOutcome::Retry(format!("a file was not deleted: {error}"));
                }
            }
            JobOutcome::Done
        }
        Err(failed) => JobOutcome::Retry(failed.to_string()),
    }
}
