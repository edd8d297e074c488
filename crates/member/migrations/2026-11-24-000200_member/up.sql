create table member (
  id text not null primary key references person (id),
  name bytea not null,
  phone bytea not null,
  password text not null,
  registered_at bytea not null,
  last_login_at bytea not null,
  language text not null,
  edition bigint not null,
  ended_at bigint
);
create table one_time_code (
  id text not null primary key,
  person text not null,
  reason text not null,
  phone bytea not null,
  proof text not null,
  tries bigint not null,
  made_at bigint not null,
  expires_at bigint not null,
  used_at bigint
);
create index one_time_code_expiry on one_time_code (expires_at);
create index one_time_code_person on one_time_code (person);
create table throttle (
  mark text not null primary key,
  count bigint not null,
  until bigint not null
);
create index throttle_end on throttle (until);
create table session (
  person text not null references person (id),
  id text not null,
  token text not null,
  staff boolean not null,
  begun_at bigint not null,
  seen_at bigint not null,
  ended_at bigint,
  primary key (person, id)
);
create unique index session_token on session (token);
create index session_seen on session (seen_at);
create table staff (
  id text not null primary key references person (id),
  name bytea not null,
  account text not null,
  role text not null,
  password text not null,
  begun_at bigint not null,
  ended_at bigint
);
create unique index staff_account on staff (account);
