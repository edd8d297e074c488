//! The SQL types that a `record!` may name: the same on both engines.

use std::marker::PhantomData;

use diesel::query_builder::QueryId;
use diesel::sql_types::{HasSqlType, Nullable, SqlType};

pub use diesel::sql_types::{BigInt, Binary, Bool, Double, Text};

use crate::engine::MultiBackend;

pub type MaybeText = Nullable<Text>;
pub type MaybeBigInt = Nullable<BigInt>;

/// A sealed column: bytes for the engines, and for the compiler a type of its own per field, so that one field's bytes
/// never load as another's. An absent value is zero bytes; the column is NOT NULL.
///
/// Nothing but the vault's `Sealed` converts from or to it.
#[allow(non_camel_case_types)] // it stands among column types in `record!`, where it reads as a word
#[derive(SqlType)]
#[diesel(sqlite_type(name = "Binary"))]
#[diesel(postgres_type(oid = 17, array_oid = 1001))]
pub struct sealed<F: 'static>(PhantomData<F>);

impl<F: 'static> QueryId for sealed<F> {
    type QueryId = sealed<F>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<F: 'static> HasSqlType<sealed<F>> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<sealed<F>>(lookup)
    }
}
