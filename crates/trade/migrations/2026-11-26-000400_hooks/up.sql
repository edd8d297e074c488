create table hook_endpoint (
  shop text not null references shop (id),
  id text not null,
  name text not null,
  url text not null,
  topics text not null,
  state text not null,
  state_since bigint not null,
  secret_number bigint not null,
  secret_since bigint not null,
  failing_since bigint,
  delivered_at bigint,
  tested_at bigint not null,
  made_at bigint not null,
  primary key (shop, id)
);
create unique index hook_endpoint_id on hook_endpoint (id);
create table hook_delivery (
  endpoint text not null,
  id text not null,
  shop text not null,
  topic text not null,
  about text not null,
  at bigint not null,
  state text not null,
  round bigint not null,
  step bigint not null,
  tries bigint not null,
  due_at bigint not null,
  done_at bigint,
  made_at bigint not null,
  primary key (endpoint, id)
);
create index hook_delivery_state on hook_delivery (endpoint, state, id);
create index hook_delivery_waiting on hook_delivery (due_at) where state = 'waiting';
create index hook_delivery_made on hook_delivery (made_at);
create table hook_try (
  delivery text not null,
  number bigint not null,
  at bigint not null,
  came text not null,
  status bigint not null,
  took_ms bigint not null,
  primary key (delivery, number)
);
create index hook_try_at on hook_try (at);
-- Nobody has an endpoint yet, so nothing from before is anybody's.
insert into outbox_consumer (name, position) select 'trade.hooks', last from outbox_sequence where name = 'outbox';
