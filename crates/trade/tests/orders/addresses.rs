//! 2.3.2: the address book, by consent.

use crate::carts::shown;
use crate::market::*;
use db::{Failed, Id};
use diesel::prelude::*;
use policy::Language;
use policy::fields::ConsentAssurance;
use trade::address::{self, ADDRESSES_MAX, NewAddress, Place, Whose};
use trade::checkout::Destination;
use trade::policy::{KeepAddressBook, address as book, assurance};
use trade::{Buyer, NotReady, Refused};
use vault::consent;
use vault::{Access, Actor, NoAccess, Personal, RowKey, Sealed};

// Who answers for what was assured is the desk of a later part; the tests open it themselves.
policy::purpose! { TellAssurance {
    section "2.3.2", basis Contract,
    says "Test." / "测试。",
    requires [], accepts [], reads [ConsentAssurance],
    discloses [], roles [Own],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "Test." / "测试。",
} }

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
        false => Whose::own(),
        true => m.wait(Whose::another(&m.v.vault, buyer, Language::Zh)).unwrap(),
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

/// Whose address it is.
fn person_of(m: &Market, buyer: &Buyer, id: &Id) -> Id {
    let (member, of) = (buyer.member.clone(), id.clone());
    m.read(move |r| Ok(book::table.find((&member, &of)).select(book::person).first(r.db)?)).unwrap()
}

/// The words of what the member assured for the address book, opened, with whom they are about.
fn assured(m: &Market, buyer: &Buyer) -> Vec<(Id, String)> {
    type Row = (Id, Id, Sealed<assurance::words>);
    let own = std::slice::from_ref(&buyer.member);
    let access = m.v.vault.access_now::<TellAssurance>(&Actor::own(&buyer.member), own).unwrap();
    let member = buyer.member.clone();
    m.read(move |r| {
        let rows: Vec<Row> = assurance::table
            .filter(assurance::buyer.eq(&member))
            .filter(assurance::covers.eq("address_book"))
            .select((assurance::id, assurance::consignee, assurance::words))
            .load(r.db)?;
        let open = |(id, of, words): Row| {
            let words = words.open(&access, r, &RowKey { person: &member, id: &id })?;
            Ok((of, words.look().clone()))
        };
        rows.into_iter().map(open).collect()
    })
    .unwrap()
}

/// 2.3.2-d.1, 9-f: an address of somebody else belongs to a person of their own, with keys of their own. It is kept by
/// the member's own consent and on their word, in the words that they ticked; no consent is written in the other's name.
/// The other may take it back without the member.
#[test]
fn an_address_of_somebody_else_is_theirs() {
    each(|m| {
        let buyer = m.buyer();
        match m.wait(Whose::another(&m.v.vault, &buyer, Language::Zh)) {
            Err(NotReady::NoAccess(NoAccess::NoConsent { purpose })) => assert_eq!(purpose, "KeepAddressBook"),
            other => panic!("{other:?}"),
        }
        agree(m, &buyer);
        keep(m, &buyer, chen(), false).unwrap();
        let id = keep(m, &buyer, li(), true).unwrap();
        assert_eq!(list(m, &buyer), [("陈小明".into(), false, true), ("李大海".into(), true, false)]);
        let person = person_of(m, &buyer, &id);
        assert_ne!(person, buyer.member);
        assert_eq!(m.number("select count(*) from consent"), 1, "the member's");
        assert_eq!(assured(m, &buyer), [(person.clone(), address::ASSURANCE.zh.to_owned())]);

        let shop = m.shop(0, None);
        let made = m.product(&shop, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        // Each order to it needs an assurance of its own.
        let to = || Destination::Kept(id.clone());
        assert_eq!(m.order(&buyer, to(), AtCheckout::default()), Err(Refused::AssuranceMissing));
        let at = || AtCheckout { assured: true, ..AtCheckout::default() };
        let (access, form) = m.form(&buyer, to(), at());
        let late = self::access(m, &buyer);
        let who = person.clone();
        m.write(move |tx| address::taken_back(tx, &who)).unwrap();
        assert_eq!(list(m, &buyer), [("陈小明".into(), false, true)]);
        // Nor can it be ordered to or edited, not even by a form that was sent just before.
        assert_eq!(m.send(&buyer, &access, &form), Err(Refused::NoSuchAddress));
        assert!(matches!(m.try_form(&buyer, to(), at()), Err(NotReady::Refused(Refused::NoSuchAddress))));
        let who = buyer.clone();
        assert_eq!(m.write(move |tx| address::edit(tx, &who, &late, &id, &li())), Err(Refused::NoSuchAddress));
        assert_eq!(m.number("select count(*) from person where state = 'erased'"), 1);
    });
}

/// 2.3.2-d: the assurance of an order covers no address book.
#[test]
fn an_address_without_the_members_word_is_not_opened() {
    each(|m| {
        let buyer = m.buyer();
        agree(m, &buyer);
        keep(m, &buyer, li(), true).unwrap();
        assert_eq!(list(m, &buyer).len(), 1);
        m.write(|tx| Ok(diesel::sql_query("update assurance set covers = 'order'").execute(tx.db)?)).unwrap();
        assert_eq!(list(m, &buyer), []);
    });
}

/// What is kept of somebody to whom an order goes is kept of one person, and only of the buyer's own orders.
#[test]
fn the_consignee_of_an_order_is_kept_as_one_person() {
    each(|m| {
        let (buyer, thief, shop) = (m.buyer(), m.buyer(), m.shop(0, None));
        let made = m.product(&shop, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let at = AtCheckout { assured: true, ..AtCheckout::default() };
        let order = m.order(&buyer, Destination::Another(li()), at).unwrap().orders[0].order.clone();
        for who in [&buyer, &thief] {
            agree(m, who);
        }
        let whose = m.wait(Whose::consignee(&m.v.vault, &buyer, &order, Language::En)).unwrap();
        let (who, access, new) =
            (buyer.clone(), access(m, &buyer), NewAddress { whose, place: li(), preferred: false });
        let id = m.write(move |tx| address::keep(tx, &who, &access, &new)).unwrap();
        assert_eq!(list(m, &buyer), [("李大海".into(), true, true)]);
        assert_eq!(m.number("select count(*) from person where kind = 'other'"), 1);
        let person = person_of(m, &buyer, &id);
        assert_eq!(m.number(&format!("select count(*) from consignee where person = '{person}'")), 1);
        assert_eq!(assured(m, &buyer), [(person, address::ASSURANCE.en.to_owned())]);
        let foreign = m.wait(Whose::consignee(&m.v.vault, &thief, &order, Language::En));
        assert!(matches!(foreign, Err(NotReady::Refused(Refused::NoSuchOrder))), "{foreign:?}");
        // The order stands when the address goes, and its consignee with it.
        let who = buyer.clone();
        m.write(move |tx| address::remove(tx, &who, &id)).unwrap();
        assert_eq!(m.number("select count(*) from person where state = 'erased'"), 0);
        let access = m.wait(trade::order::prepare(&m.v.vault, &buyer, &order)).unwrap();
        let who = buyer.clone();
        let name = m
            .read(move |r| {
                let to = trade::order::detail(r, &who, &access, &order)?.recipient.unwrap();
                Ok(to.name.look().clone())
            })
            .unwrap();
        assert_eq!(name, "李大海");
    });
}

/// 4.3, 2.3.2: an order that is being placed to a kept address and its removal at the same time: either the order is
/// not placed, or its consignee is not erased.
#[test]
fn an_order_and_a_removal_at_once_leave_no_order_without_its_consignee() {
    each(|m| {
        let (buyer, shop) = (m.buyer(), m.shop(0, None));
        let made = m.product(&shop, "A", &[(1, 10)], &[(0, 99)]);
        agree(m, &buyer);
        for _ in 0..8 {
            let id = keep(m, &buyer, li(), true).unwrap();
            m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
            let at = AtCheckout { assured: true, ..AtCheckout::default() };
            let (access, form) = m.form(&buyer, Destination::Kept(id.clone()), at);
            let who = buyer.clone();
            std::thread::scope(|s| {
                let placing = s.spawn(|| {
                    let (buyer, access, form) = (buyer.clone(), access.clone(), form.clone());
                    m.try_write(move |tx| {
                        trade::checkout::place_order(tx, &trade::Terms::shipped(), &buyer, &access, &form).map(drop)
                    })
                });
                m.write(move |tx| address::remove(tx, &who, &id)).unwrap();
                let placed = placing.join().unwrap();
                assert!(
                    matches!(placed, Ok(()) | Err(Failed::Changed | Failed::Refused(Refused::NoSuchAddress))),
                    "{placed:?}"
                );
            });
        }
        let orphans = "select count(*) from consignee c join person p on p.id = c.person where p.state = 'erased'";
        assert_eq!(m.number(orphans), 0);
    });
}

/// Withdrawing the consent deletes the book in the same transaction, and erases the others whose addresses it held.
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
        assert_eq!(m.number("select count(*) from consent where withdrawn_at is null"), 1);
        assert_eq!(m.number("select count(*) from person where state = 'erased'"), 1);
        assert_eq!(list(m, &bystander).len(), 2);
        // An access from before does not keep anything any more.
        let (who, new) = (buyer.clone(), NewAddress { whose: Whose::own(), place: chen(), preferred: false });
        let late_too = late.clone();
        assert_eq!(m.write(move |tx| address::keep(tx, &who, &late, &new)), Err(Refused::AddressBookOff));
        // Agreeing anew does not revive it.
        agree(m, &buyer);
        let (who, new) = (buyer.clone(), NewAddress { whose: Whose::own(), place: chen(), preferred: false });
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
