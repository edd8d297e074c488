create table shop (
  id text not null primary key,
  owner text not null references person (id),
  state text not null,
  name_en text not null,
  name_zh text not null,
  intro_en text not null,
  intro_zh text not null,
  place_en text not null,
  place_zh text not null,
  contact_name text not null,
  contact_phone text not null,
  freight bigint not null check (freight >= 0),
  freight_free_from bigint check (freight_free_from >= 0),
  ships_within_hours bigint not null,
  since_year bigint not null,
  applied_at bigint not null,
  decided_at bigint,
  decision text not null,
  closed_at bigint,
  version bigint not null
);
create index shop_owner on shop (owner);
-- One shop per member that is not over: also where two applications arrive at once.
create unique index shop_one on shop (owner) where state in ('applied', 'open', 'paused');
create index shop_state on shop (state, applied_at);
create table qualification (
  shop text not null primary key references shop (id),
  owner text not null,
  representative text not null,
  representative_name bytea not null,
  settlement_account bytea not null,
  filed_at bigint not null,
  ended_at bigint
);
create table category (
  id text not null primary key,
  parent text references category (id),
  name_en text not null,
  name_zh text not null,
  sort bigint not null
);
create table product (
  id text not null primary key,
  shop text not null references shop (id),
  category text not null references category (id),
  state text not null,
  title_en text not null,
  title_zh text not null,
  text_en text not null,
  text_zh text not null,
  unit_one text not null,
  unit_many text not null,
  unit_zh text not null,
  axis_en text not null,
  axis_zh text not null,
  attributes text not null,
  minimum bigint not null check (minimum > 0),
  price_low bigint not null check (price_low > 0),
  price_high bigint not null check (price_high > 0),
  picture text,
  sold bigint not null check (sold >= 0),
  listed_at bigint,
  changed_at bigint not null,
  version bigint not null
);
create index product_shop on product (shop, id);
create index product_category on product (state, category);
create table variant (
  product text not null references product (id),
  id text not null,
  sku text not null,
  name_en text not null,
  name_zh text not null,
  surcharge bigint not null check (surcharge >= 0),
  stock bigint not null check (stock >= 0),
  sort bigint not null,
  gone boolean not null,
  changed_at bigint not null,
  primary key (product, id)
);
create table price_tier (
  product text not null references product (id),
  from_quantity bigint not null check (from_quantity > 0),
  price bigint not null check (price > 0),
  primary key (product, from_quantity)
);
create table picture (
  product text not null references product (id),
  place bigint not null,
  blob text not null,
  small text not null,
  width bigint not null,
  height bigint not null,
  primary key (product, place)
);
create index picture_blob on picture (blob);
create index picture_small on picture (small);
