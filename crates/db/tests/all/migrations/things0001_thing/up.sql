create table thing (
    id text not null primary key,
    name text not null unique,
    amount bigint not null,
    sealed_name bytea not null
);
