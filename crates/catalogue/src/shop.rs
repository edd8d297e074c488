//! Shops: applying, the operator's decision, the seller's own edits, and the end (2.1.3-c).
//!
//! What a shop says of itself is public, its contact too (E-commerce Law 15). Who stands behind it is filed sealed, and
//! opened for the duty alone.

use ::policy::fields::{LegalRepName, SettlementAccount, StoreContactName, StoreContactPhone};
use ::policy::{Entered, Reads, Role};
use db::{Event, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use member::Proven;
use vault::{Access, Actor, Fresh, PersonKind, Personal, RowKey, Sealed};

use crate::policy::{QualifySeller, product, qualification, shop};
use crate::price::Freight;
use crate::{Both, Refused, SHOP_CHANGED, limits};

const NAME_MAX: usize = 60;
const INTRO_MAX: usize = 600;
const PLACE_MAX: usize = 40;
const REASON_MAX: usize = 400;
/// Four weeks: a promise beyond it is none.
const SHIPS_WITHIN_HOURS_MAX: i64 = 28 * 24;

/// A member in the seller's role: every look-up of a seller's thing begins at `shop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    pub member: Id,
    pub shop: Id,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Applied,
    Open,
    Refused,
    /// Orders in hand go on; its goods are not for sale.
    Paused,
    Closed,
}

impl State {
    pub const fn id(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Open => "open",
            State::Refused => "refused",
            State::Paused => "paused",
            State::Closed => "closed",
        }
    }

    pub fn parse(id: &str) -> State {
        match id {
            "applied" => State::Applied,
            "open" => State::Open,
            "refused" => State::Refused,
            "paused" => State::Paused,
            // What cannot be read sells nothing.
            _ => State::Closed,
        }
    }

    /// Whether whoever owns it is a seller: of a shop that is paused too, whose orders in hand go on.
    pub fn has_seller(self) -> bool {
        State::WITH_SELLER.contains(&self)
    }

    /// Those of which it holds, for queries.
    pub const WITH_SELLER: [State; 2] = [State::Open, State::Paused];
}

/// What a shop says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub name: Both,
    pub intro: Both,
    /// The town it sends from.
    pub place: Both,
    pub freight: Freight,
    pub ships_within_hours: i64,
    /// The year from which it trades.
    pub since_year: i64,
}

/// Whom a buyer calls: public, as the law has it (E-commerce Law 15).
#[derive(Clone, Debug)]
pub struct Contact {
    pub name: Entered<StoreContactName>,
    pub phone: Entered<StoreContactPhone>,
}

/// Whose name stands as the legal representative's.
#[derive(Clone, Debug)]
pub enum Representative {
    /// The member.
    Myself,
    /// Somebody else: a person of their own, with keys of their own (9-f).
    Other(Fresh),
}

#[derive(Clone, Debug)]
pub struct Application {
    pub face: Face,
    pub contact: Contact,
    pub representative: Representative,
    pub representative_name: Entered<LegalRepName>,
    pub settlement_account: Entered<SettlementAccount>,
}

/// What the operator decides on a shop.
#[derive(Clone, Debug)]
pub enum Decision {
    Approve,
    /// With the reason, which the seller reads.
    Refuse(String),
    Pause(String),
    Resume,
}

impl Face {
    fn checked(&self, now: i64) -> Result<Face, Refused> {
        if !(1900..=year(now)).contains(&self.since_year) {
            return Err(Refused::SinceYear);
        }
        if let Some(from) = self.freight.free_from {
            limits::amount("freight_free_from", from, 0)?;
        }
        Ok(Face {
            name: limits::both("name", &self.name, NAME_MAX)?,
            intro: limits::both_texts("intro", &self.intro, INTRO_MAX)?,
            place: limits::both("place", &self.place, PLACE_MAX)?,
            freight: Freight { flat: limits::amount("freight", self.freight.flat, 0)?, ..self.freight },
            ships_within_hours: limits::number(
                "ships_within_hours",
                self.ships_within_hours,
                1,
                SHIPS_WITHIN_HOURS_MAX,
            )?,
            since_year: self.since_year,
        })
    }
}

/// The year of a time in UTC microseconds, from 1970 on. Good to a day, which a founding year does not need.
fn year(now: i64) -> i64 {
    const YEAR: i64 = 31_556_952_000_000;
    1970 + now / YEAR
}

/// A member applies to open a shop. `access` covers the member, and the representative if that is somebody else.
/// Returns the shop's id; it sells nothing until [`decide`].
pub fn apply(
    tx: &mut Tx,
    member: &Id,
    access: &Access<QualifySeller>,
    application: &Application,
) -> Result<Id, Stop<Refused>> {
    let now = tx.now;
    let face = application.face.checked(now).map_err(Stop::Refused)?;
    let id = tx.id();
    let row = (
        (
            shop::id.eq(&id),
            shop::owner.eq(member),
            shop::state.eq(State::Applied.id()),
            shop::applied_at.eq(now),
            shop::decision.eq(""),
            shop::version.eq(1),
        ),
        FaceColumns::of(&face),
        shop::contact_name.eq(application.contact.name.look_inside()),
        shop::contact_phone.eq(application.contact.phone.look_inside()),
    );
    // A second application of the same member meets the index on living shops, also when both come at once.
    let n = on_each!(tx.db, c => diesel::insert_into(shop::table).values(row).on_conflict_do_nothing().execute(c))?;
    if n == 0 {
        return Err(Stop::refuse(Refused::HasShop));
    }
    let representative = match &application.representative {
        Representative::Myself => member.clone(),
        Representative::Other(fresh) => {
            fresh.begin(tx, PersonKind::Other)?;
            fresh.id().clone()
        }
    };
    let of_representative = RowKey { person: &representative, id: &id };
    let name =
        access.seal(tx, qualification::representative_name, &of_representative, &application.representative_name)?;
    let of_owner = RowKey { person: member, id: &id };
    let account = access.seal(tx, qualification::settlement_account, &of_owner, &application.settlement_account)?;
    diesel::insert_into(qualification::table)
        .values((
            qualification::shop.eq(&id),
            qualification::owner.eq(member),
            qualification::representative.eq(&representative),
            qualification::representative_name.eq(name),
            qualification::settlement_account.eq(account),
            qualification::filed_at.eq(now),
        ))
        .execute(tx.db)?;
    Ok(id)
}

/// The columns of a face, for insert and update.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = shop, treat_none_as_null = true)]
struct FaceColumns<'a> {
    name_en: &'a str,
    name_zh: &'a str,
    intro_en: &'a str,
    intro_zh: &'a str,
    place_en: &'a str,
    place_zh: &'a str,
    freight: i64,
    freight_free_from: Option<i64>,
    ships_within_hours: i64,
    since_year: i64,
}

impl<'a> FaceColumns<'a> {
    fn of(face: &'a Face) -> FaceColumns<'a> {
        FaceColumns {
            name_en: &face.name.en,
            name_zh: &face.name.zh,
            intro_en: &face.intro.en,
            intro_zh: &face.intro.zh,
            place_en: &face.place.en,
            place_zh: &face.place.zh,
            freight: face.freight.flat,
            freight_free_from: face.freight.free_from,
            ships_within_hours: face.ships_within_hours,
            since_year: face.since_year,
        }
    }
}

/// The operator decides: approves or refuses an application, pauses or resumes a shop. A refusal and a pause say why.
pub fn decide(tx: &mut Tx, by: &Actor, id: &Id, decision: &Decision) -> Result<(), Stop<Refused>> {
    if !matches!(by.role, Role::Operator | Role::IdentityDesk | Role::Job) {
        return Err(Stop::fault(format!("the role {} decides on no shop", by.role.id())));
    }
    let reasoned = |reason: &str| limits::filled_line("reason", reason, REASON_MAX).map_err(Stop::Refused);
    let (from, to, reason) = match decision {
        Decision::Approve => (State::Applied, State::Open, String::new()),
        Decision::Refuse(reason) => (State::Applied, State::Refused, reasoned(reason)?),
        Decision::Pause(reason) => (State::Open, State::Paused, reasoned(reason)?),
        Decision::Resume => (State::Paused, State::Open, String::new()),
    };
    let now = tx.now;
    // A refused application ends there and then: its papers count their term from now.
    let closed = (to == State::Refused).then_some(now);
    let n = diesel::update(shop::table.find(id).filter(shop::state.eq(from.id())))
        .set((
            shop::state.eq(to.id()),
            shop::decided_at.eq(Some(now)),
            shop::decision.eq(reason),
            shop::closed_at.eq(closed),
            shop::version.eq(shop::version + 1),
        ))
        .execute(tx.db)?;
    if n == 0 {
        return Err(Stop::refuse(missing_or_in_another_state(tx, id)?));
    }
    if closed.is_some() {
        forget_contact(tx, id)?;
        end_qualification(tx, id)?;
    }
    changed(tx, id);
    Ok(())
}

fn missing_or_in_another_state(tx: &mut Tx, id: &Id) -> QueryResult<Refused> {
    let known: i64 = shop::table.find(id).count().get_result(tx.db)?;
    Ok(if known == 0 { Refused::ShopNotFound } else { Refused::ShopState })
}

/// The contact is public while there is a shop (E-commerce Law 15), and nobody's business after that.
fn forget_contact(tx: &mut Tx, id: &Id) -> QueryResult<()> {
    diesel::update(shop::table.find(id)).set((shop::contact_name.eq(""), shop::contact_phone.eq(""))).execute(tx.db)?;
    Ok(())
}

fn end_qualification(tx: &mut Tx, id: &Id) -> QueryResult<()> {
    let now = tx.now;
    diesel::update(qualification::table.find(id)).set(qualification::ended_at.eq(Some(now))).execute(tx.db)?;
    Ok(())
}

fn changed(tx: &mut Tx, id: &Id) {
    tx.emit(Event { kind: SHOP_CHANGED, about: id.clone(), body: serde_json::json!({}) });
}

/// The seller closes the shop for good. The caller has made sure that no order of it is open (`trade` knows).
pub fn close(tx: &mut Tx, seller: &Seller) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    let n = diesel::update(shop::table.find(&seller.shop).filter(shop::state.eq_any(["open", "paused"])))
        .set((shop::state.eq(State::Closed.id()), shop::closed_at.eq(Some(now)), shop::version.eq(shop::version + 1)))
        .execute(tx.db)?;
    if n == 0 {
        return Err(Stop::refuse(Refused::NoShop));
    }
    forget_contact(tx, &seller.shop)?;
    end_qualification(tx, &seller.shop)?;
    changed(tx, &seller.shop);
    Ok(())
}

/// The seller changes what the shop says of itself and whom to call. `version` is the one that the form was made from.
pub fn edit(tx: &mut Tx, seller: &Seller, version: i64, face: &Face, contact: &Contact) -> Result<(), Stop<Refused>> {
    let face = face.checked(tx.now).map_err(Stop::Refused)?;
    let n = diesel::update(
        shop::table.find(&seller.shop).filter(shop::version.eq(version)).filter(shop::state.eq_any(["open", "paused"])),
    )
    .set((
        FaceColumns::of(&face),
        shop::contact_name.eq(contact.name.look_inside()),
        shop::contact_phone.eq(contact.phone.look_inside()),
        shop::version.eq(shop::version + 1),
    ))
    .execute(tx.db)?;
    if n == 0 {
        return Err(Stop::refuse(Refused::Edited));
    }
    changed(tx, &seller.shop);
    Ok(())
}

/// The seller, who has just proved to be it, names another account for payouts (4.1: correction).
pub fn change_settlement_account(
    tx: &mut Tx,
    seller: &Seller,
    proven: &Proven,
    access: &Access<QualifySeller>,
    account: &Entered<SettlementAccount>,
) -> Result<(), Stop<Refused>> {
    proven.must_be(&seller.member)?;
    let row = RowKey { person: &seller.member, id: &seller.shop };
    let sealed = access.seal(tx, qualification::settlement_account, &row, account)?;
    let n = diesel::update(qualification::table.find(&seller.shop).filter(qualification::owner.eq(&seller.member)))
        .set(qualification::settlement_account.eq(sealed))
        .execute(tx.db)?;
    if n == 0 { Err(Stop::refuse(Refused::NoShop)) } else { Ok(()) }
}

/// The member in the seller's role; `None` without a shop that is open or paused.
pub fn seller(scope: &mut impl Scope, member: &Id) -> QueryResult<Option<Seller>> {
    // Every request of a member asks this. The state is looked at here: as a bound value beside an index of some states
    // only, SQLite would compile the statement anew each time.
    let query = shop::table.filter(shop::owner.eq(member)).select((shop::id, shop::state));
    let all: Vec<(Id, String)> = on_each!(scope.db(), c => query.load(c))?;
    let open = all.into_iter().find(|(_, state)| State::parse(state).has_seller());
    Ok(open.map(|(shop, _)| Seller { member: member.clone(), shop }))
}

/// A shop as its owner and the operator see it.
#[derive(Clone)]
pub struct OwnShop {
    pub id: Id,
    pub owner: Id,
    pub state: State,
    pub face: Face,
    /// Empty once the application was refused or the shop has closed.
    pub contact_name: String,
    pub contact_phone: String,
    pub applied_at: i64,
    pub decided_at: Option<i64>,
    /// The reason of a refusal or a pause.
    pub decision: String,
    pub version: i64,
}

/// Without the contact, which is not public before the shop is open.
impl std::fmt::Debug for OwnShop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnShop({}, {})", self.id, self.state.id())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = shop)]
struct Row {
    id: Id,
    owner: Id,
    state: String,
    name_en: String,
    name_zh: String,
    intro_en: String,
    intro_zh: String,
    place_en: String,
    place_zh: String,
    contact_name: String,
    contact_phone: String,
    freight: i64,
    freight_free_from: Option<i64>,
    ships_within_hours: i64,
    since_year: i64,
    applied_at: i64,
    decided_at: Option<i64>,
    decision: String,
    version: i64,
}

impl From<Row> for OwnShop {
    fn from(row: Row) -> OwnShop {
        OwnShop {
            id: row.id,
            owner: row.owner,
            state: State::parse(&row.state),
            face: Face {
                name: Both { en: row.name_en, zh: row.name_zh },
                intro: Both { en: row.intro_en, zh: row.intro_zh },
                place: Both { en: row.place_en, zh: row.place_zh },
                freight: Freight { flat: row.freight, free_from: row.freight_free_from },
                ships_within_hours: row.ships_within_hours,
                since_year: row.since_year,
            },
            contact_name: row.contact_name,
            contact_phone: row.contact_phone,
            applied_at: row.applied_at,
            decided_at: row.decided_at,
            decision: row.decision,
            version: row.version,
        }
    }
}

/// The member's own shop, whatever its state; the latest if there were several.
pub fn of_member(scope: &mut impl Scope, member: &Id) -> QueryResult<Option<OwnShop>> {
    let row: Option<Row> = shop::table
        .filter(shop::owner.eq(member))
        .order(shop::id.desc())
        .select(Row::as_select())
        .first(scope.db())
        .optional()?;
    Ok(row.map(OwnShop::from))
}

/// One shop, for the operator.
pub fn by_id(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<OwnShop>> {
    let row: Option<Row> = shop::table.find(id).select(Row::as_select()).first(scope.db()).optional()?;
    Ok(row.map(OwnShop::from))
}

/// The shops in one state, oldest application first; `after` is the last of the page before.
pub fn in_state(
    scope: &mut impl Scope,
    state: State,
    after: Option<(i64, &Id)>,
    limit: i64,
) -> QueryResult<Vec<OwnShop>> {
    let mut query = shop::table
        .filter(shop::state.eq(state.id()))
        .order((shop::applied_at, shop::id))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(shop::applied_at.gt(at).or(shop::applied_at.eq(at).and(shop::id.gt(id))));
    }
    Ok(query.load::<Row>(scope.db())?.into_iter().map(OwnShop::from).collect())
}

/// A shop as everybody sees it.
#[derive(Clone, Debug)]
pub struct PublicShop {
    pub id: Id,
    pub face: Face,
    /// Public by law (E-commerce Law 15).
    pub contact_name: String,
    pub contact_phone: String,
    /// Goods that are listed.
    pub listed: i64,
    /// Paused shops are shown, and sell nothing.
    pub open: bool,
}

/// `None` for a shop that never opened, or has closed.
pub fn public(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<PublicShop>> {
    let row: Option<Row> = shop::table
        .find(id)
        .filter(shop::state.eq_any(["open", "paused"]))
        .select(Row::as_select())
        .first(scope.db())
        .optional()?;
    let Some(own) = row.map(OwnShop::from) else { return Ok(None) };
    let listed = product::table
        .filter(product::shop.eq(id))
        .filter(product::state.eq("listed"))
        .count()
        .get_result(scope.db())?;
    Ok(Some(PublicShop {
        id: own.id,
        face: own.face,
        contact_name: own.contact_name,
        contact_phone: own.contact_phone,
        listed,
        open: own.state == State::Open,
    }))
}

/// The member who owns the shop: whom a payout, a notice or a message concerns.
pub fn owner(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<Id>> {
    shop::table.find(id).select(shop::owner).first(scope.db()).optional()
}

/// Who stands behind a shop: the people whom an access to its papers must cover.
pub fn people(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<(Id, Id)>> {
    qualification::table
        .find(id)
        .select((qualification::owner, qualification::representative))
        .first(scope.db())
        .optional()
}

/// The filed papers, opened.
#[derive(Debug)]
pub struct Papers {
    pub representative_name: Personal<LegalRepName, QualifySeller>,
    pub settlement_account: Personal<SettlementAccount, QualifySeller>,
    pub filed_at: i64,
}

/// Opens the papers of a shop, for the owner, the identity desk or finance. `access` covers both of [`people`].
pub fn papers(
    scope: &mut impl Scope,
    access: &Access<QualifySeller>,
    id: &Id,
) -> Result<Option<Papers>, Stop<Refused>> {
    type Row = (Id, Id, Sealed<qualification::representative_name>, Sealed<qualification::settlement_account>, i64);
    let row: Option<Row> = qualification::table
        .find(id)
        .select((
            qualification::owner,
            qualification::representative,
            qualification::representative_name,
            qualification::settlement_account,
            qualification::filed_at,
        ))
        .first(scope.db())
        .optional()?;
    let Some((owner, representative, name, account, filed_at)) = row else { return Ok(None) };
    Ok(Some(Papers {
        representative_name: name.open(access, scope, &RowKey { person: &representative, id })?,
        settlement_account: account.open(access, scope, &RowKey { person: &owner, id })?,
        filed_at,
    }))
}

/// The account for payouts, for a purpose that may read it (settlement). `access` covers the [`owner`].
pub fn settlement_account<P: Reads<SettlementAccount>, R>(
    scope: &mut impl Scope,
    access: &Access<P>,
    id: &Id,
) -> Result<Option<Personal<SettlementAccount, P>>, Stop<R>> {
    let row: Option<(Id, Sealed<qualification::settlement_account>)> = qualification::table
        .find(id)
        .select((qualification::owner, qualification::settlement_account))
        .first(scope.db())
        .optional()?;
    let Some((owner, account)) = row else { return Ok(None) };
    Ok(Some(account.open(access, scope, &RowKey { person: &owner, id })?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use db::{Database, Failed};

    fn read<T: Send + 'static>(
        db: &Database,
        query: impl FnOnce(&mut db::Read) -> QueryResult<T> + Send + 'static,
    ) -> T {
        db.read_now(move |r| Ok::<_, Stop<()>>(query(r)?)).unwrap()
    }

    /// 2.1.3-c.S1: the papers are filed at the application, sealed, and opened for the duty; 9-f: a representative who
    /// is somebody else is a person of their own. Until the operator has decided, nothing is public.
    #[test]
    fn a_shop_opens_when_the_operator_has_looked_at_its_papers() {
        each_engine(|t| {
            let owner = member(&t.vault);
            let other = t.vault.keys().fresh_now().unwrap();
            let access = t
                .vault
                .access_now::<QualifySeller>(&Actor::own(&owner), std::slice::from_ref(&owner))
                .unwrap()
                .and_fresh([&other]);
            let application = application("Yanxi", Representative::Other(other.clone()));
            let who = owner.clone();
            let id = t.data.db.write_now(move |tx| apply(tx, &who, &access, &application)).unwrap();
            let (shop, who) = (id.clone(), owner.clone());
            assert!(read(&t.data.db, move |r| public(r, &shop)).is_none());
            assert!(read(&t.data.db, move |r| seller(r, &who)).is_none());
            let waiting = read(&t.data.db, |r| in_state(r, State::Applied, None, 10));
            assert_eq!(waiting.iter().map(|shop| &shop.id).collect::<Vec<_>>(), [&id]);
            let (at, last) = (waiting[0].applied_at, id.clone());
            assert!(read(&t.data.db, move |r| in_state(r, State::Applied, Some((at, &last)), 10)).is_empty());

            let shop = id.clone();
            let people = read(&t.data.db, move |r| super::people(r, &shop)).unwrap();
            assert_eq!(people, (owner.clone(), other.id().clone()));
            let desk = Actor::staff(&Id::fresh(), Role::IdentityDesk);
            let access = t.vault.access_now::<QualifySeller>(&desk, &[people.0, people.1]).unwrap();
            let shop = id.clone();
            let papers = t.data.db.read_now(move |r| papers(r, &access, &shop)).unwrap().unwrap();
            assert_eq!(papers.representative_name.look(), "陈小明");
            assert_eq!(papers.settlement_account.masked().as_str(), "****0042");

            decide_now(&t.data.db, &id, Decision::Approve).unwrap();
            let again = decide_now(&t.data.db, &id, Decision::Approve).unwrap_err();
            assert!(matches!(again, Failed::Refused(Refused::ShopState)), "{again}");
            let (shop, who) = (id.clone(), owner.clone());
            let shown = read(&t.data.db, move |r| public(r, &shop)).unwrap();
            assert_eq!((shown.contact_name.as_str(), shown.contact_phone.as_str()), ("Sales office", "+8657988000001"));
            assert_eq!(read(&t.data.db, move |r| seller(r, &who)), Some(Seller { member: owner, shop: id }));
        });
    }

    /// 2.1.3-c.S1: what the papers say lies nowhere in clear.
    #[test]
    fn the_papers_lie_sealed() {
        let t = vault::testing::TestVault::open(db::Engine::Sqlite, migrations);
        open_shop(&t.vault, &member(&t.vault), "Yanxi");
        t.data.db.scrub(true).unwrap();
        let mut seen_name_of_shop = false;
        for file in std::fs::read_dir(&t.data.folder).unwrap().map(|file| file.unwrap().path()) {
            if let Ok(bytes) = std::fs::read(&file) {
                let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!holds("陈小明") && !holds("6228 4800"), "{}", file.display());
                seen_name_of_shop |= holds("Yanxi 商行");
            }
        }
        assert!(seen_name_of_shop, "the search itself finds nothing");
    }

    /// One member keeps one shop, also when two applications come at once; after a refusal they may apply anew.
    #[test]
    fn one_member_one_shop() {
        each_engine(|t| {
            let owner = member(&t.vault);
            let access =
                t.vault.access_now::<QualifySeller>(&Actor::own(&owner), std::slice::from_ref(&owner)).unwrap();
            let apply_now = || {
                let (who, access) = (owner.clone(), access.clone());
                let application = application("Yanxi", Representative::Myself);
                t.data.db.write_now(move |tx| apply(tx, &who, &access, &application))
            };
            let results: Vec<_> = std::thread::scope(|threads| {
                let waiting: Vec<_> = (0..4).map(|_| threads.spawn(apply_now)).collect();
                waiting.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let opened: Vec<&Id> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
            assert_eq!(opened.len(), 1);
            for result in &results {
                assert!(matches!(result, Ok(_) | Err(Failed::Refused(Refused::HasShop))), "{result:?}");
            }
            let empty = decide_now(&t.data.db, opened[0], Decision::Refuse("  ".into())).unwrap_err();
            assert!(matches!(empty, Failed::Refused(Refused::Empty { of: "reason" })), "{empty}");
            decide_now(&t.data.db, opened[0], Decision::Refuse("The account is not the company's.".into())).unwrap();
            let who = owner.clone();
            let own = read(&t.data.db, move |r| of_member(r, &who)).unwrap();
            assert_eq!((own.state, own.decision.as_str()), (State::Refused, "The account is not the company's."));
            assert_eq!((own.contact_name.as_str(), own.contact_phone.as_str()), ("", ""), "the contact of no shop");
            apply_now().unwrap();
        });
    }

    #[test]
    fn a_paused_shop_sells_nothing_and_an_old_edit_overwrites_nothing() {
        each_engine(|t| {
            let owner = member(&t.vault);
            let seller = open_shop(&t.vault, &owner, "Yanxi");
            decide_now(&t.data.db, &seller.shop, Decision::Pause("The telephone does not answer.".into())).unwrap();
            let shop = seller.shop.clone();
            let shown = read(&t.data.db, move |r| public(r, &shop)).unwrap();
            assert!(!shown.open);
            let who = owner.clone();
            assert_eq!(read(&t.data.db, move |r| super::seller(r, &who)), Some(seller.clone()));
            decide_now(&t.data.db, &seller.shop, Decision::Resume).unwrap();

            let who = owner.clone();
            let version = read(&t.data.db, move |r| of_member(r, &who)).unwrap().version;
            let save = |version, name: &str| {
                let (seller, face, contact) = (seller.clone(), face(name), contact());
                t.data.db.write_now(move |tx| edit(tx, &seller, version, &face, &contact))
            };
            save(version, "First").unwrap();
            let late = save(version, "Second").unwrap_err();
            assert!(matches!(late, Failed::Refused(Refused::Edited)), "{late}");
            let bad = save(version + 1, "x\u{202E}y").unwrap_err();
            assert!(matches!(bad, Failed::Refused(Refused::Characters { of: "name" })), "{bad}");

            let own = seller.clone();
            t.data.db.write_now(move |tx| close(tx, &own)).unwrap();
            let shop = seller.shop.clone();
            assert!(read(&t.data.db, move |r| public(r, &shop)).is_none());
            let who = owner.clone();
            let own = read(&t.data.db, move |r| of_member(r, &who)).unwrap();
            assert_eq!((own.contact_name.as_str(), own.contact_phone.as_str()), ("", ""));
            assert!(!format!("{own:?}").contains("Yanxi"));
            assert!(heard(&t.data.db, SHOP_CHANGED, &seller.shop));
        });
    }

    #[test]
    fn years_and_numbers_have_limits() {
        let now = 1_795_500_000_000_000; // November 2026
        assert_eq!(year(now), 2026);
        let good = face("Yanxi");
        assert_eq!(good.checked(now), Ok(good.clone()));
        assert_eq!(Face { since_year: 2027, ..good.clone() }.checked(now), Err(Refused::SinceYear));
        let freight = Freight { flat: -1, free_from: None };
        assert_eq!(Face { freight, ..good.clone() }.checked(now), Err(Refused::Amount { of: "freight" }));
        let late = Face { ships_within_hours: 0, ..good }.checked(now);
        assert_eq!(late.map_err(|refused| refused.field()), Err(Some("ships_within_hours")));
    }
}
