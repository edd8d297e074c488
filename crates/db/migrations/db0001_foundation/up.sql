-- One row per commit that opened somebody's data; hash-chained (see src/ledger.rs).
create table ledger_block (
    chain text not null,
    n bigint not null,
    at bigint not null,
    body text,
    digest bytea not null,
    hash bytea not null,
    primary key (chain, n)
);
create index ledger_block_at on ledger_block (at);

-- Events, written in the command's transaction; the position comes with the commit (SQLite) or just after it (PostgreSQL).
create table outbox (
    id text not null primary key,
    position bigint,
    kind text not null,
    about text not null,
    body text not null,
    at bigint not null,
    written_at bigint not null
);
create unique index outbox_position on outbox (position);
create index outbox_unplaced on outbox (written_at, id) where position is null;

create table outbox_sequence (
    name text not null primary key,
    last bigint not null
);
insert into outbox_sequence (name, last) values ('outbox', 0);

create table outbox_consumer (
    name text not null primary key,
    position bigint not null
);

create table job (
    id text not null primary key,
    kind text not null,
    open_key text,
    state text not null,
    due_at bigint not null,
    body text not null,
    attempts bigint not null,
    leased_by text not null,
    lease_until bigint not null,
    last_error text not null,
    created_at bigint not null
);
create unique index job_open_key on job (open_key);
create index job_due on job (state, due_at);

create table clock_offset (
    name text not null primary key,
    micros bigint not null
);
insert into clock_offset (name, micros) values ('offset', 0);
