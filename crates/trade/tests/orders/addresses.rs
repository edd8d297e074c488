//! 2.3.2: the address book, by consent.

use crate::carts::shown;
use crate::market::*;
use db::{Failed, Id};
use diesel::prelude::*;
use trade::address::{self, ADDRESSES_MAX, NewAddress, Place, Whose};
use trade::checkout::Destination;
use trade::policy::{KeepAddressBook, address as book};
use trade::{Buyer, NotReady, Refused};
use vault::consent;
use vault::{Access, NoAccess, Personal};

fn agree(m: &Market, buyer: &Buyer) {
    let who = buyer.member.clone();
    m.write(move |tx| consent::grant::<KeepAddressBook, _>(tx, &who, &shown())).unwrap();
}

fn access(m: &Market, buyer: &Buyer) -> Access<KeepAddressBook> {
    m.wait(address::prepare(&m.v.vault, buyer)).unwrap_or_else(|why| panic!("{why}"))
}

fn keep(m: &Market, buyer: &Buyer, place: Place, other: bool) -> Result<Id, Refused> {
    let access = access(m, buyer);
    let whose = match other {
        false => Whose::Own,
        true => Whose::Another { person: m.v.vault.keys().fresh_now().unwrap(), assured: shown() },
    };
    let (who, new) = (buyer.clone(), NewAddress { whose, place, preferred: false });
    m.write(move |tx| address::keep(tx, &who, &access, &new))
}

/// Name, whether somebody else's, whether preferred.
fn list(m: &Market, buyer: &Buyer) -> Vec<(String, bool, bool)> {
    let (who, access) = (buyer.clone(), access(m, buyer));
    m.read(move |r| {
        let kept = address::list(r, &who, &access)?;
        Ok(kept.iter().map(|a| (a.name.look().clone(), a.of_another, a.preferred)).collect())
    })
    .unwrap()
}

/// 2.3.2, 2-a.3: nothing is kept before the member agrees, and the answer says what to ask; then it can be edited,
/// preferred and removed.
#[test]
fn addresses_are_kept_by_consent_only() {
    each(|m| {
        let buyer = m.buyer();
        match m.wait(address::prepare(&m.v.vault, &buyer)) {
            Err(NotReady::NoAccess(NoAccess::NoConsent { purpose })) => assert_eq!(purpose, "KeepAddressBook"),
            other => panic!("{other:?}"),
        }
        agree(m, &buyer);
        let first = keep(m, &buyer, chen(), false).unwrap();
        let second = keep(m, &buyer, li(), false).unwrap();
        assert_eq!(list(m, &buyer), [("陈小明".into(), false, true), ("李大海".into(), false, false)]);
        let (who, id) = (buyer.clone(), second.clone());
        m.write(move |tx| address::prefer(tx, &who, &id)).unwrap();
        let (who, id, access) = (buyer.clone(), second.clone(), access(m, &buyer));
        let mut new = li();
        new.name = entered("李大江");
        new.alt_phone = Some(entered("0512-67001234"));
        m.write(move |tx| address::edit(tx, &who, &access, &id, &new)).unwrap();
        assert_eq!(list(m, &buyer), [("李大江".into(), false, true), ("陈小明".into(), false, false)]);
        let (who, id) = (buyer.clone(), first.clone());
        m.write(move |tx| address::remove(tx, &who, &id)).unwrap();
        assert_eq!(m.number("select count(*) from address"), 1);
        let (who, id) = (buyer.clone(), first);
        assert_eq!(m.write(move |tx| address::remove(tx, &who, &id)), Err(Refused::NoSuchAddress));
    });
}

/// 2.3.2-d.1, 9-f: an address of somebody else belongs to a person of their own, with keys of their own, who may take
/// their consent back without the member.
#[test]
fn an_address_of_somebody_else_is_theirs() {
    each(|m| {
        let buyer = m.buyer();
        agree(m, &buyer);
        keep(m, &buyer, chen(), false).unwrap();
        let id = keep(m, &buyer, li(), true).unwrap();
        assert_eq!(list(m, &buyer), [("陈小明".into(), false, true), ("李大海".into(), true, false)]);
        let (member, of) = (buyer.member.clone(), id.clone());
        let person: Id =
            m.read(move |r| Ok(book::table.find((&member, &of)).select(book::person).first(r.db)?)).unwrap();
        assert_ne!(person, buyer.member);
        let shop = m.shop(0, None);
        let made = m.product(&shop, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        // Each order to it needs the assurance.
        let to = || Destination::Kept(id.clone());
        assert_eq!(m.order(&buyer, to(), AtCheckout::default()), Err(Refused::AssuranceMissing));
        let at = || AtCheckout { assured: true, ..AtCheckout::default() };
        let (access, form) = m.form(&buyer, to(), at());
        let who = person.clone();
        m.write(move |tx| consent::withdraw::<KeepAddressBook, _>(tx, &who)).unwrap();
        assert_eq!(list(m, &buyer), [("陈小明".into(), false, true)]);
        // Nor can it be ordered to, not even by a form that was sent just before.
        assert_eq!(m.send(&buyer, &access, &form), Err(Refused::NoSuchAddress));
        assert!(matches!(m.try_form(&buyer, to(), at()), Err(NotReady::Refused(Refused::NoSuchAddress))));
    });
}

/// Withdrawing the consent deletes the book in the same transaction, and others' consents with it.
#[test]
fn withdrawing_deletes_the_book() {
    each(|m| {
        let (buyer, bystander) = (m.buyer(), m.buyer());
        for who in [&buyer, &bystander] {
            agree(m, who);
            keep(m, who, chen(), false).unwrap();
            keep(m, who, li(), true).unwrap();
        }
        let late = access(m, &buyer);
        let who = buyer.member.clone();
        m.write(move |tx| {
            consent::withdraw::<KeepAddressBook, Refused>(tx, &who)?;
            address::withdrawn(tx, &who)
        })
        .unwrap();
        assert_eq!(m.number("select count(*) from address"), 2);
        assert_eq!(m.number("select count(*) from consent where withdrawn_at is null"), 2);
        assert_eq!(list(m, &bystander).len(), 2);
        // An access from before does not keep anything any more.
        let (who, new) = (buyer.clone(), NewAddress { whose: Whose::Own, place: chen(), preferred: false });
        let late_too = late.clone();
        assert_eq!(m.write(move |tx| address::keep(tx, &who, &late, &new)), Err(Refused::AddressBookOff));
        // Agreeing anew does not revive it.
        agree(m, &buyer);
        let (who, new) = (buyer.clone(), NewAddress { whose: Whose::Own, place: chen(), preferred: false });
        assert!(matches!(m.try_write(move |tx| address::keep(tx, &who, &late_too, &new)), Err(Failed::Changed)));
        assert_eq!(m.number("select count(*) from address"), 2);
    });
}

/// 2.3.2-c.1 (IDOR): an address of another member is no address.
#[test]
fn another_members_address_is_no_address() {
    each(|m| {
        let (buyer, thief) = (m.buyer(), m.buyer());
        agree(m, &buyer);
        agree(m, &thief);
        let id = keep(m, &buyer, chen(), false).unwrap();
        let access = access(m, &thief);
        let (who, of) = (thief.clone(), id.clone());
        assert_eq!(m.write(move |tx| address::edit(tx, &who, &access, &of, &li())), Err(Refused::NoSuchAddress));
        let (who, of) = (thief.clone(), id.clone());
        assert_eq!(m.write(move |tx| address::prefer(tx, &who, &of)), Err(Refused::NoSuchAddress));
        let (who, of) = (thief.clone(), id.clone());
        assert_eq!(m.write(move |tx| address::remove(tx, &who, &of)), Err(Refused::NoSuchAddress));
        assert!(list(m, &thief).is_empty());
        assert!(matches!(
            m.try_form(&thief, Destination::Kept(id), AtCheckout::default()),
            Err(NotReady::Refused(Refused::NoSuchAddress))
        ));
        assert_eq!(list(m, &buyer).len(), 1);
    });
}

#[test]
fn the_book_has_an_end() {
    each(|m| {
        let buyer = m.buyer();
        agree(m, &buyer);
        for _ in 0..ADDRESSES_MAX {
            keep(m, &buyer, chen(), false).unwrap();
        }
        assert_eq!(keep(m, &buyer, chen(), false), Err(Refused::AddressBookFull { max: ADDRESSES_MAX }));
    });
}

/// The order has its own copy, under the law's key: it stays when the address goes.
#[test]
fn an_order_outlives_the_address_it_was_sent_to() {
    each(|m| {
        let buyer = m.buyer();
        agree(m, &buyer);
        let mut place = chen();
        place.alt_phone = Some(entered("0579-85001234"));
        let id = keep(m, &buyer, place, false).unwrap();
        let shop = m.shop(0, None);
        let made = m.product(&shop, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let placed = m.order(&buyer, Destination::Kept(id.clone()), AtCheckout::default()).unwrap();
        let who = buyer.clone();
        m.write(move |tx| address::remove(tx, &who, &id)).unwrap();
        let order = placed.orders[0].order.clone();
        let access = m.wait(trade::order::prepare(&m.v.vault, &buyer, &order)).unwrap();
        let (name, phone, alt, place) = m
            .read(move |r| {
                let to = trade::order::detail(r, &buyer, &access, &order)?.recipient.unwrap();
                let alt = to.alt_phone.as_ref().map(|p: &Personal<_, _>| p.look().clone());
                Ok((to.name.look().clone(), to.phone.look().clone(), alt, to.place.look().clone()))
            })
            .unwrap();
        assert_eq!((name.as_str(), phone.as_str()), ("陈小明", "+8613800138000"));
        assert_eq!((alt.as_deref(), place.as_str()), (Some("+8657985001234"), "浙江省义乌市稠州北路1000号"));
    });
}
