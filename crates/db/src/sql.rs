//! The SQL types that a `record!` may name: the same on both engines.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, TypedExpressionType, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
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

/// A query for one value of type `T` as a column of another domain's query, so that both go in one way to the server: for
/// what every request asks. Which row it stands beside, that domain gives it an expression for.
#[derive(Clone, Copy, Debug)]
pub struct Beside<Q, T> {
    query: Q,
    value: PhantomData<T>,
}

impl<Q, T> Beside<Q, T> {
    pub fn new(query: Q) -> Beside<Q, T> {
        Beside { query, value: PhantomData }
    }
}

impl<Q: QueryId, T: 'static> QueryId for Beside<Q, T> {
    type QueryId = Beside<Q::QueryId, T>;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

impl<Q, T: TypedExpressionType> Expression for Beside<Q, T> {
    type SqlType = T;
}

impl<Q, T, On> AppearsOnTable<On> for Beside<Q, T> where Beside<Q, T>: Expression {}

impl<Q, T, From> SelectableExpression<From> for Beside<Q, T> where Beside<Q, T>: AppearsOnTable<From> {}

impl<Q, T, Group> ValidGrouping<Group> for Beside<Q, T> {
    type IsAggregate = is_aggregate::Never;
}

impl<Q: QueryFragment<B>, T, B: Backend> QueryFragment<B> for Beside<Q, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("(");
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// A statement in SQL that stays prepared ([`crate::kept!`]): its place in the program is its name.
#[derive(Clone, Copy, Debug)]
pub struct Kept<Place, Parts, Rows> {
    pub parts: Parts,
    pub place: PhantomData<(Place, Rows)>,
}

impl<Place: 'static, Parts, Rows> QueryId for Kept<Place, Parts, Rows> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Place, Parts, Rows> Query for Kept<Place, Parts, Rows> {
    type SqlType = Rows;
}

impl<Place, Parts, Rows, C> RunQueryDsl<C> for Kept<Place, Parts, Rows> {}

impl<Place, Parts: QueryFragment<B>, Rows, B: Backend> QueryFragment<B> for Kept<Place, Parts, Rows> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        self.parts.walk_ast(out)
    }
}

/// Words of a [`Kept`] statement, the value that stands behind them, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Given<T, Value, Rest> {
    pub words: &'static str,
    pub value: Value,
    pub rest: Rest,
    pub of: PhantomData<T>,
}

/// The end of a [`Kept`] statement.
#[derive(Clone, Copy, Debug)]
pub struct Last(pub &'static str);

impl<B: Backend> QueryFragment<B> for Last {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

impl<T, Value, Rest, B> QueryFragment<B> for Given<T, Value, Rest>
where
    B: Backend + HasSqlType<T>,
    Value: ToSql<T, B>,
    Rest: QueryFragment<B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql(self.words);
        out.push_bind_param::<T, _>(&self.value)?;
        self.rest.walk_ast(out)
    }
}

/// A statement in SQL, with its values and their types, that stays prepared: for an UPDATE, which diesel writes and plans
/// anew at each use (on PostgreSQL one more way to the server, and a plan), and for what diesel has no words for. What it
/// returns stands before the arrow.
///
/// `on_each!(tx.db, c => kept!["update job set body = ", Text: &body, " where id = ", Text: id, ""].execute(c))?`
/// `kept![(Text, BigInt) => "select id, n from …"].load::<(Id, i64)>(c)?`
#[macro_export]
macro_rules! kept {
    (@parts $words:literal, $type:ty: $value:expr, $($rest:tt)+) => {
        $crate::sql::Given::<$type, _, _> {
            words: $words,
            value: $value,
            rest: $crate::kept!(@parts $($rest)+),
            of: std::marker::PhantomData,
        }
    };
    (@parts $words:literal) => { $crate::sql::Last($words) };
    ($words:literal $($parts:tt)*) => { $crate::kept!(() => $words $($parts)*) };
    ($rows:ty => $($parts:tt)+) => {{
        struct Here;
        $crate::sql::Kept::<Here, _, $rows> { parts: $crate::kept!(@parts $($parts)+), place: std::marker::PhantomData }
    }};
}
