create table api_token (
  person text not null references person (id),
  id text not null,
  token text not null,
  name bytea not null,
  reaches text not null,
  staff boolean not null,
  begun_at bigint not null,
  used_at bigint not null,
  ends_at bigint not null,
  primary key (person, id)
);
create unique index api_token_token on api_token (token);
create index api_token_end on api_token (ends_at);
