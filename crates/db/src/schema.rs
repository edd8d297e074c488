//! The live schema, for the test that compares it with the map.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::Db;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct LiveColumn {
    #[diesel(sql_type = Text)]
    pub table_name: String,
    #[diesel(sql_type = Text)]
    pub column_name: String,
    #[diesel(sql_type = Bool)]
    pub nullable: bool,
}

/// Every column of every table but the list of migrations, in order.
pub fn live_columns(db: &mut Db) -> QueryResult<Vec<LiveColumn>> {
    let sql = match db {
        Db::Sqlite(_) => {
            "select t.name as table_name, c.name as column_name, (c.\"notnull\" = 0 and c.pk = 0) as nullable \
             from sqlite_schema t join pragma_table_info(t.name) c \
             where t.type = 'table' and t.name not like 'sqlite!_%' escape '!'"
        }
        Db::Pg(_) => {
            "select table_name::text as table_name, column_name::text as column_name, is_nullable = 'YES' as nullable \
             from information_schema.columns where table_schema = current_schema()"
        }
    };
    let mut columns: Vec<LiveColumn> = diesel::sql_query(sql).load(db)?;
    columns.retain(|column| column.table_name != "__diesel_schema_migrations");
    columns.sort();
    Ok(columns)
}
