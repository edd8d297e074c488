-- Sessions from before have proved nothing lately, and began on no device that is known.
alter table session add column proved_at bigint not null default 0;
alter table session add column device text not null default '';
create table known_device (
  person text not null references person (id),
  id text not null,
  mark text not null,
  begun_at bigint not null,
  seen_at bigint not null,
  new_at bigint,
  primary key (person, id)
);
create unique index known_device_mark on known_device (person, mark);
create index known_device_seen on known_device (seen_at);
