create table person (
  id text not null primary key,
  kind text not null,
  state text not null,
  version bigint not null,
  begun_at bigint not null,
  ended_at bigint
);
create table consent (
  person text not null references person (id),
  id text not null,
  purpose text not null,
  edition bigint not null,
  notice text not null,
  way text not null,
  granted_at bigint not null,
  withdrawn_at bigint,
  primary key (person, id)
);
create index consent_standing on consent (person, purpose) where withdrawn_at is null;
create table reading (
  person text not null,
  at bigint not null,
  id text not null,
  chain text not null,
  block bigint not null,
  entry text not null,
  primary key (person, at, id)
);
create table reading_cursor (
  chain text not null primary key,
  block bigint not null
);
create table pair (
  id text not null primary key,
  generation bigint not null
);
