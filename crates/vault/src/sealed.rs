//! Sealed values and what opens out of them.
//!
//! A sealed value is typed by its *column*, so that table, column and field are known when it is opened and one
//! column's bytes never load as another's. Its bytes: format (1), nonce (12), ciphertext with tag. The associated
//! data bind table, column and the row's immutable id: a ciphertext moved to another row does not open.

use crate::access::{Access, Seen};
use aws_lc_rs::aead::{Aad, Nonce, RandomizedNonceKey};
use db::{Id, Scope, Tx};
use diesel::AsExpression;
use diesel::FromSqlRow;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use policy::{Collects, Discloses, Entered, Field, Purpose, Reads, Recipient, SealedColumn, Value, mask};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

const FORMAT: u8 = 1;
/// As long as a sealed value, and not sealed: see [`crate::WITHOUT`].
const FORMAT_OPEN: u8 = 0;
const NONCE: usize = 12;
const TAG: usize = 16;

/// The row that a sealed value stands in: whose it is, and the row's own immutable id.
#[derive(Clone, Copy)]
pub struct RowKey<'a> {
    pub person: &'a Id,
    pub id: &'a Id,
}

/// A value of column `C` as it rests. No `Display`, no `Serialize`; `Debug` prints the field's name only.
#[derive(FromSqlRow, AsExpression)]
#[diesel(sql_type = db::sql::sealed<C::Field>)]
pub struct Sealed<C: SealedColumn> {
    bytes: Vec<u8>,
    column: PhantomData<fn() -> C>,
}

impl<C: SealedColumn> Clone for Sealed<C> {
    fn clone(&self) -> Self {
        Sealed { bytes: self.bytes.clone(), column: PhantomData }
    }
}

impl<C: SealedColumn> fmt::Debug for Sealed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed<{}>", C::Field::INFO.id)
    }
}

impl<B: Backend, C: SealedColumn> FromSql<db::sql::sealed<C::Field>, B> for Sealed<C>
where
    Vec<u8>: FromSql<Binary, B>,
{
    fn from_sql(raw: B::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Sealed { bytes: Vec::<u8>::from_sql(raw)?, column: PhantomData })
    }
}

impl<B: Backend, C: SealedColumn> ToSql<db::sql::sealed<C::Field>, B> for Sealed<C>
where
    [u8]: ToSql<Binary, B>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> serialize::Result {
        <[u8] as ToSql<Binary, B>>::to_sql(self.bytes.as_slice(), out)
    }
}

impl<C: SealedColumn> Sealed<C> {
    /// Nothing was given.
    pub fn absent() -> Sealed<C> {
        Sealed { bytes: Vec::new(), column: PhantomData }
    }

    pub fn is_absent(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Opens the value for purpose `P` and notes the reading in the ledger.
    pub fn open<P: Reads<C::Field>>(
        &self,
        access: &Access<P>,
        scope: &mut impl Scope,
        row: &RowKey<'_>,
    ) -> Result<Personal<C::Field, P>, NotOpened> {
        self.open_about(access, scope, row, row.id)
    }

    /// As `open`, where the thing that a person would recognise (an order, say) is not the row itself.
    pub fn open_about<P: Reads<C::Field>>(
        &self,
        access: &Access<P>,
        scope: &mut impl Scope,
        row: &RowKey<'_>,
        about: &Id,
    ) -> Result<Personal<C::Field, P>, NotOpened> {
        if self.is_absent() {
            return Err(NotOpened::Absent);
        }
        let key = access.key(scope, row.person, C::DUTY)?;
        let value = unseal::<C>(&key, row, &self.bytes)?;
        let seen = access.seen(row.person, about);
        seen.note_read(scope, &C::Field::INFO);
        Ok(Personal { value, seen, purpose: PhantomData })
    }

    /// As `open`, and `None` where nothing was given.
    pub fn open_optional<P: Reads<C::Field>>(
        &self,
        access: &Access<P>,
        scope: &mut impl Scope,
        row: &RowKey<'_>,
    ) -> Result<Option<Personal<C::Field, P>>, NotOpened> {
        if self.is_absent() { Ok(None) } else { self.open(access, scope, row).map(Some) }
    }
}

impl<P: Purpose> Access<P> {
    /// Seals what a person entered, for the row `row` of column `C`. (The column is named by diesel's own marker:
    /// `access.seal(tx, consignee::name, &row, &entered)`.)
    pub fn seal<C: SealedColumn>(
        &self,
        tx: &mut Tx,
        _column: C,
        row: &RowKey<'_>,
        entered: &Entered<C::Field>,
    ) -> Result<Sealed<C>, NotOpened>
    where
        P: Collects<C::Field>,
    {
        let key = self.key(tx, row.person, C::DUTY)?;
        seal_with::<C>(&key, row, entered.look_inside())
    }

    /// As `seal`; nothing given rests as nothing.
    pub fn seal_optional<C: SealedColumn>(
        &self,
        tx: &mut Tx,
        column: C,
        row: &RowKey<'_>,
        entered: Option<&Entered<C::Field>>,
    ) -> Result<Sealed<C>, NotOpened>
    where
        P: Collects<C::Field>,
    {
        match entered {
            Some(entered) => self.seal(tx, column, row, entered),
            None => Ok(Sealed::absent()),
        }
    }

    /// Seals into a row of this purpose what was opened from another row for the same purpose (the chosen address
    /// into the order, say), without the value ever being typed or printed.
    pub fn reseal<C: SealedColumn>(
        &self,
        tx: &mut Tx,
        _column: C,
        row: &RowKey<'_>,
        personal: &Personal<C::Field, P>,
    ) -> Result<Sealed<C>, NotOpened>
    where
        P: Collects<C::Field>,
    {
        let key = self.key(tx, row.person, C::DUTY)?;
        seal_with::<C>(&key, row, &personal.value)
    }
}

fn associated<C: SealedColumn>(id: &Id) -> Vec<u8> {
    // Table and column names hold no NUL, and the id's length is fixed: no two rows share these bytes.
    [C::TABLE.as_bytes(), b"\0", C::COLUMN.as_bytes(), b"\0", id.as_str().as_bytes()].concat()
}

fn seal_with<C: SealedColumn>(
    key: &RandomizedNonceKey,
    row: &RowKey<'_>,
    value: &<C::Field as Field>::Value,
) -> Result<Sealed<C>, NotOpened> {
    let clear = value.to_bytes();
    if crate::WITHOUT {
        let bytes = [&[FORMAT_OPEN], [0; NONCE].as_slice(), &clear, &[0; TAG]].concat();
        return Ok(Sealed { bytes, column: PhantomData });
    }
    let mut body = Vec::with_capacity(clear.len() + TAG);
    body.extend_from_slice(&clear);
    let nonce =
        key.seal_in_place_append_tag(Aad::from(associated::<C>(row.id)), &mut body).map_err(|_| NotOpened::Broken)?;
    let mut bytes = Vec::with_capacity(1 + NONCE + body.len());
    bytes.push(FORMAT);
    bytes.extend_from_slice(nonce.as_ref());
    bytes.extend_from_slice(&body);
    Ok(Sealed { bytes, column: PhantomData })
}

fn unseal<C: SealedColumn>(
    key: &RandomizedNonceKey,
    row: &RowKey<'_>,
    bytes: &[u8],
) -> Result<<C::Field as Field>::Value, NotOpened> {
    let (&format, rest) = bytes.split_first().ok_or(NotOpened::Broken)?;
    if crate::WITHOUT && format == FORMAT_OPEN {
        let clear = rest.get(NONCE..rest.len().saturating_sub(TAG)).ok_or(NotOpened::Broken)?;
        return <C::Field as Field>::Value::from_bytes(clear).ok_or(NotOpened::Broken);
    }
    if format != FORMAT || rest.len() < NONCE {
        return Err(NotOpened::Broken);
    }
    let (nonce, body) = rest.split_at(NONCE);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOpened::Broken)?;
    let mut body = zeroize::Zeroizing::new(body.to_vec());
    let clear =
        key.open_in_place(nonce, Aad::from(associated::<C>(row.id)), &mut body).map_err(|_| NotOpened::Broken)?;
    <C::Field as Field>::Value::from_bytes(clear).ok_or(NotOpened::Broken)
}

/// Why a value did not open (or could not be sealed). None of these says what the value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOpened {
    /// Nothing was given.
    Absent,
    /// The access does not cover this person, or the person's key for that duty is gone.
    NoKey,
    /// The bytes are not what was sealed for this row and column.
    Broken,
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotOpened::Absent => "nothing was given",
            NotOpened::NoKey => "no key opens it",
            NotOpened::Broken => "it is not what was sealed for this row",
        })
    }
}

impl std::error::Error for NotOpened {}

/// In a command or a page that expected the value, not opening is a fault, not the person's mistake.
impl<R> From<NotOpened> for db::Stop<R> {
    fn from(why: NotOpened) -> Self {
        db::Stop::fault(why.to_string())
    }
}

/// An opened value of field `F`, held for purpose `P`. A page can show it, a rule can look into it by name, and a
/// partner takes it only after `disclose`. It cannot be printed, logged or serialised.
pub struct Personal<F: Field, P: Purpose> {
    value: F::Value,
    seen: Arc<Seen>,
    purpose: PhantomData<fn() -> P>,
}

impl<F: Field, P: Purpose> Personal<F, P> {
    /// For a rule that must see the value. What looks inside may not pass it on.
    pub fn look(&self) -> &F::Value {
        &self.value
    }

    /// As the field's mask shows it.
    pub fn masked(&self) -> Masked {
        Masked(mask(F::INFO.mask, &self.value.show()))
    }

    /// For an answer to the very program that asked, as [`maud::Render`] is for a page: the reading is noted already.
    pub fn written(&self) -> Written {
        Written(zeroize::Zeroizing::new(self.value.show()))
    }

    /// Gives the value away to `R`, and notes it in the ledger: who, what, to whom, why.
    pub fn disclose<R: Recipient>(&self, scope: &mut impl Scope) -> Disclosed<R, F>
    where
        P: Discloses<R, F>,
    {
        self.seen.note_given(scope, &F::INFO, &R::INFO);
        Disclosed { value: self.value.clone(), recipient: PhantomData }
    }
}

impl<F: Field, P: Purpose> fmt::Debug for Personal<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal<{}, {}>", F::INFO.id, P::INFO.id)
    }
}

impl<F: Field, P: Purpose> Drop for Personal<F, P> {
    fn drop(&mut self) {
        self.value.wipe();
    }
}

impl<F: Field, P: Purpose> maud::Render for Personal<F, P> {
    fn render_to(&self, out: &mut String) {
        maud::Render::render_to(&self.value.show(), out);
    }
}

/// A masked value: it may be shown, and is no longer enough to use.
#[derive(Clone)]
pub struct Masked(String);

impl Masked {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Masked {
    /// As [`Personal::written`].
    pub fn written(&self) -> Written {
        Written(zeroize::Zeroizing::new(self.0.clone()))
    }
}

/// An opened value on its way into an answer for a program: the person's own, or one that the role of whoever asks reads
/// for the purpose of its access. It can be serialised and nothing else: no `Debug` of it, no `Display`, no way to look
/// at it; so it reaches no log and no other call.
pub struct Written(zeroize::Zeroizing<String>);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl serde::Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked")
    }
}

impl maud::Render for Masked {
    fn render_to(&self, out: &mut String) {
        maud::Render::render_to(&self.0, out);
    }
}

/// A value of field `F` on its way to recipient `R`. Only a partner's adapter takes it out.
pub struct Disclosed<R: Recipient, F: Field> {
    value: F::Value,
    recipient: PhantomData<fn() -> R>,
}

impl<R: Recipient, F: Field> Disclosed<R, F> {
    /// For the adapter of `R` (crate `partners`), nowhere else.
    pub fn expose(&self) -> &F::Value {
        &self.value
    }

    /// A value that rests nowhere sealed because it only passes through (a one-time code, a random reference): as
    /// with one that was opened, the access must cover the person, and that it was given is noted.
    pub fn passing<P: Discloses<R, F>>(
        access: &Access<P>,
        scope: &mut impl Scope,
        person: &Id,
        about: &Id,
        entered: &Entered<F>,
    ) -> Result<Disclosed<R, F>, NotOpened> {
        access.demand(scope, person)?;
        access.seen(person, about).note_given(scope, &F::INFO, &R::INFO);
        Ok(Disclosed { value: entered.look_inside().clone(), recipient: PhantomData })
    }
}

impl<R: Recipient, F: Field> fmt::Debug for Disclosed<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosed<{}, {}>", R::INFO.id, F::INFO.id)
    }
}

impl<R: Recipient, F: Field> Drop for Disclosed<R, F> {
    fn drop(&mut self) {
        self.value.wipe();
    }
}
