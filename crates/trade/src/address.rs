//! The address book (2.3.2): addresses kept by consent, so that they need not be typed again. Each rests sealed under
//! the key of the person who lives there: the member, or somebody else as a person of their own. The consent is the
//! member's; for somebody else the member assures that they agree (2.3.2-d).

use crate::others::{self, Assured, Covers};
use crate::people::NotReady;
use crate::policy::{KeepAddressBook, address, consignee, purchase_order};
use crate::{Buyer, Refused};
use db::{Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone};
use policy::{Entered, Language, Words};
use vault::consent;
use vault::{Access, Actor, Fresh, PersonKind, Personal, RowKey, Sealed, Vault};

/// What a member ticks who keeps somebody else's address (2.3.2-d.1). These words are what is recorded.
pub const ASSURANCE: Words = Words {
    en: "If this address is somebody else's: they have agreed that I keep their name, address and telephone in my address book.",
    zh: "如该地址属于他人：我已取得对方同意，在我的地址簿中保存其姓名、地址和电话。",
};

pub const ADDRESSES_MAX: i64 = 50;

/// Who receives goods, where: the three that a delivery needs, and one that helps it (2.3.2-a.1, 2.3.2-a.2).
#[derive(Clone, Debug)]
pub struct Place {
    pub name: Entered<ConsigneeName>,
    pub phone: Entered<ConsigneePhone>,
    pub alt_phone: Option<Entered<ConsigneeAltPhone>>,
    pub place: Entered<ConsigneeAddress>,
}

/// Whose address it is.
#[derive(Clone, Debug)]
pub struct Whose(Option<Box<Another>>);

#[derive(Clone, Debug)]
struct Another {
    person: Id,
    /// `None`: an order was sent to them already.
    begins: Option<Fresh>,
    access: Access<KeepAddressBook>,
    assured: Assured,
}

impl Whose {
    pub fn own() -> Whose {
        Whose(None)
    }

    /// Somebody else's, on the member's word. `language`: the one in which the member read [`ASSURANCE`] and ticked it.
    pub async fn another(vault: &Vault, member: &Buyer, language: Language) -> Result<Whose, NotReady> {
        let fresh = vault.keys().fresh().await?;
        let own = std::slice::from_ref(&member.member);
        let access = vault.access_on_own_word(&Actor::own(&member.member), own).await?.and_fresh([&fresh]);
        Whose::assured(vault, member, fresh.id().clone(), Some(fresh), access, language).await
    }

    /// As [`Whose::another`], for the consignee of an order that the member has placed: one person, however much of
    /// theirs is kept. The member's own where the goods go to the member.
    pub async fn consignee(vault: &Vault, member: &Buyer, order: &Id, language: Language) -> Result<Whose, NotReady> {
        let (me, of) = (member.clone(), order.clone());
        let person = vault.data().read(move |r| consignee_of(r, &me, &of)).await?;
        if person == member.member {
            return Ok(Whose::own());
        }
        let people = [member.member.clone(), person.clone()];
        let access = vault.access_on_own_word(&Actor::own(&member.member), &people).await?;
        Whose::assured(vault, member, person, None, access, language).await
    }

    async fn assured(
        vault: &Vault,
        member: &Buyer,
        person: Id,
        begins: Option<Fresh>,
        access: Access<KeepAddressBook>,
        language: Language,
    ) -> Result<Whose, NotReady> {
        let assured = Assured::prepare(vault, member, Covers::AddressBook, ASSURANCE, language).await?;
        Ok(Whose(Some(Box::new(Another { person, begins, access, assured }))))
    }
}

/// To whom the goods of the member's own order go.
fn consignee_of(scope: &mut impl Scope, member: &Buyer, order: &Id) -> Result<Id, Stop<Refused>> {
    let own = purchase_order::table
        .find(order)
        .filter(purchase_order::buyer.eq(&member.member))
        .select(purchase_order::id)
        .first::<Id>(scope.db())
        .optional()?
        .ok_or(Stop::Refused(Refused::NoSuchOrder))?;
    Ok(consignee::table.filter(consignee::of_order.eq(own)).select(consignee::person).first(scope.db())?)
}

#[derive(Clone, Debug)]
pub struct NewAddress {
    pub whose: Whose,
    pub place: Place,
    pub preferred: bool,
}

/// An address as its owner sees it.
#[derive(Debug)]
pub struct Kept {
    pub id: Id,
    /// Ordering to it asks for the assurance of 2.3.2-d.1.
    pub of_another: bool,
    pub name: Personal<ConsigneeName, KeepAddressBook>,
    pub phone: Personal<ConsigneePhone, KeepAddressBook>,
    pub alt_phone: Option<Personal<ConsigneeAltPhone, KeepAddressBook>>,
    pub place: Personal<ConsigneeAddress, KeepAddressBook>,
    pub preferred: bool,
}

type Row =
    (Id, Id, Sealed<address::name>, Sealed<address::phone>, Sealed<address::alt_phone>, Sealed<address::place>, bool);

/// Access to the whole book of a member. Refused with `NoConsent` where the member has not agreed to keeping
/// addresses: the moment to ask.
pub async fn prepare(vault: &Vault, member: &Buyer) -> Result<Access<KeepAddressBook>, NotReady> {
    let me = member.clone();
    let mut people = vault
        .data()
        // The access and the writer look again.
        .look(move |r| match people_of_book(r, &me)? {
            none if none.is_empty() => Ok(none),
            others => Ok::<_, Stop<Refused>>(others::kept_on_word(r, &me, &others)?),
        })
        .await?;
    people.push(member.member.clone());
    Ok(vault.access_on_own_word(&Actor::own(&member.member), &people).await?)
}

/// The others whose addresses are in the book.
fn people_of_book(scope: &mut impl Scope, member: &Buyer) -> QueryResult<Vec<Id>> {
    let query = address::table
        .filter(address::member.eq(&member.member))
        .filter(address::person.ne(&member.member))
        .select(address::person)
        .distinct();
    on_each!(scope.db(), c => query.load(c))
}

/// The book, the preferred address first, then the latest. An address whose person is restricted or gone is left out.
pub fn list(
    scope: &mut impl Scope,
    member: &Buyer,
    access: &Access<KeepAddressBook>,
) -> Result<Vec<Kept>, Stop<Refused>> {
    let rows: Vec<Row> = address::table
        .filter(address::member.eq(&member.member))
        .order((address::preferred.desc(), address::changed_at.desc(), address::id))
        .limit(ADDRESSES_MAX)
        .select((
            address::id,
            address::person,
            address::name,
            address::phone,
            address::alt_phone,
            address::place,
            address::preferred,
        ))
        .load(scope.db())?;
    rows.into_iter()
        .filter(|row| access.covers(&row.1) && !row.2.is_absent())
        .map(|(id, person, name, phone, alt_phone, place, preferred)| {
            let row = RowKey { person: &person, id: &id };
            Ok(Kept {
                of_another: person != member.member,
                name: name.open(access, scope, &row)?,
                phone: phone.open(access, scope, &row)?,
                alt_phone: alt_phone.open_optional(access, scope, &row)?,
                place: place.open(access, scope, &row)?,
                preferred,
                id: id.clone(),
            })
        })
        .collect()
}

/// Keeps an address. The first one is preferred.
pub fn keep(
    tx: &mut Tx,
    member: &Buyer,
    access: &Access<KeepAddressBook>,
    new: &NewAddress,
) -> Result<Id, Stop<Refused>> {
    agreed(tx, member)?;
    let held: i64 = address::table.filter(address::member.eq(&member.member)).count().get_result(tx.db)?;
    if held >= ADDRESSES_MAX {
        return Err(Stop::refuse(Refused::AddressBookFull { max: ADDRESSES_MAX }));
    }
    let id = tx.id();
    let (person, access) = match &new.whose.0 {
        None => (&member.member, access),
        Some(another) => {
            another.assured.record(tx, member, &another.person)?;
            if let Some(fresh) = &another.begins {
                fresh.begin(tx, PersonKind::Other)?;
            }
            (&another.person, &another.access)
        }
    };
    let row = RowKey { person, id: &id };
    let place = &new.place;
    let sealed = (
        address::name.eq(access.seal(tx, address::name, &row, &place.name)?),
        address::phone.eq(access.seal(tx, address::phone, &row, &place.phone)?),
        address::alt_phone.eq(access.seal_optional(tx, address::alt_phone, &row, place.alt_phone.as_ref())?),
        address::place.eq(access.seal(tx, address::place, &row, &place.place)?),
    );
    let preferred = new.preferred || held == 0;
    if preferred {
        prefer_none(tx, member)?;
    }
    diesel::insert_into(address::table)
        .values((
            address::member.eq(&member.member),
            address::id.eq(&id),
            address::person.eq(person),
            sealed,
            address::preferred.eq(preferred),
            address::changed_at.eq(tx.now),
        ))
        .execute(tx.db)?;
    Ok(id)
}

/// The seals of another's address look at that person's state only: the member's own consent is asked for here, in
/// the transaction.
fn agreed(tx: &mut Tx, member: &Buyer) -> Result<(), Stop<Refused>> {
    if consent::standing::<KeepAddressBook>(tx, &member.member)? {
        Ok(())
    } else {
        Err(Stop::refuse(Refused::AddressBookOff))
    }
}

/// Writes the address anew. Whose it is stays: an address of somebody else is another address.
pub fn edit(
    tx: &mut Tx,
    member: &Buyer,
    access: &Access<KeepAddressBook>,
    id: &Id,
    place: &Place,
) -> Result<(), Stop<Refused>> {
    agreed(tx, member)?;
    let person = person_of(tx, member, id)?;
    let row = RowKey { person: &person, id };
    let sealed = (
        address::name.eq(access.seal(tx, address::name, &row, &place.name)?),
        address::phone.eq(access.seal(tx, address::phone, &row, &place.phone)?),
        address::alt_phone.eq(access.seal_optional(tx, address::alt_phone, &row, place.alt_phone.as_ref())?),
        address::place.eq(access.seal(tx, address::place, &row, &place.place)?),
    );
    diesel::update(address::table.find((&member.member, id)))
        .set((sealed, address::changed_at.eq(tx.now)))
        .execute(tx.db)?;
    Ok(())
}

/// Whose address it is, from the member's own book.
pub(crate) fn person_of(scope: &mut impl Scope, member: &Buyer, id: &Id) -> Result<Id, Stop<Refused>> {
    address::table
        .find((&member.member, id))
        .select(address::person)
        .first(scope.db())
        .optional()?
        .ok_or(Stop::Refused(Refused::NoSuchAddress))
}

/// Takes an address out, at once and for good, and with it whom nothing else is kept of. What was ordered to it keeps its own copy, under the law's key.
pub fn remove(tx: &mut Tx, member: &Buyer, id: &Id) -> Result<(), Stop<Refused>> {
    let person = person_of(tx, member, id)?;
    diesel::delete(address::table.find((&member.member, id))).execute(tx.db)?;
    if person != member.member {
        others::let_go(tx, &person)?;
    }
    Ok(())
}

/// Somebody else takes back what the member assured: their addresses go from every book, without the member (9-f).
pub fn taken_back<R>(tx: &mut Tx, person: &Id) -> Result<(), Stop<R>> {
    diesel::delete(address::table.filter(address::person.eq(person)).filter(address::member.ne(person)))
        .execute(tx.db)?;
    others::let_go(tx, person)
}

/// Offers this address first.
pub fn prefer(tx: &mut Tx, member: &Buyer, id: &Id) -> Result<(), Stop<Refused>> {
    person_of(tx, member, id)?;
    prefer_none(tx, member)?;
    diesel::update(address::table.find((&member.member, id))).set(address::preferred.eq(true)).execute(tx.db)?;
    Ok(())
}

fn prefer_none(tx: &mut Tx, member: &Buyer) -> Result<(), Stop<Refused>> {
    diesel::update(address::table.filter(address::member.eq(&member.member)).filter(address::preferred.eq(true)))
        .set(address::preferred.eq(false))
        .execute(tx.db)?;
    Ok(())
}

/// The member has withdrawn the consent to keeping addresses: the book goes, in the withdrawal's own transaction.
pub fn withdrawn<R>(tx: &mut Tx, member: &Id) -> Result<(), Stop<R>> {
    let others = people_of_book(tx, &Buyer::new(member.clone()))?;
    diesel::delete(address::table.filter(address::member.eq(member))).execute(tx.db)?;
    for other in &others {
        others::let_go(tx, other)?;
    }
    Ok(())
}
