create table person_key (
  person text not null,
  duty text not null,
  epoch bigint not null,
  wrapped bytea not null,
  made_at bigint not null,
  primary key (person, duty)
);
create table blind_key (
  field text not null primary key,
  epoch bigint not null,
  wrapped bytea not null,
  made_at bigint not null
);
create table blind_mark (
  field text not null,
  mark text not null,
  whose text not null,
  person text not null,
  made_at bigint not null,
  primary key (field, mark, whose)
);
create index blind_mark_person on blind_mark (person);
create table tombstone (
  person text not null,
  duty text not null,
  at bigint not null,
  primary key (person, duty)
);
create table epoch (
  number bigint not null primary key,
  begun_at bigint not null,
  check_value text not null
);
create table key_pair (
  id text not null primary key,
  generation bigint not null
);
