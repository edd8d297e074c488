create table cart_item (
  member text not null references person (id),
  product text not null,
  variant text not null,
  quantity bigint not null,
  price_when_added bigint not null,
  added_at bigint not null,
  changed_at bigint not null,
  chosen boolean not null,
  primary key (member, product, variant)
);
create table address (
  member text not null references person (id),
  id text not null,
  person text not null,
  name bytea not null,
  phone bytea not null,
  alt_phone bytea not null,
  place bytea not null,
  preferred boolean not null,
  changed_at bigint not null,
  primary key (member, id)
);
create table checkout (
  buyer text not null references person (id),
  id text not null,
  once text not null,
  placed_at bigint not null,
  amount bigint not null,
  primary key (buyer, id)
);
create table purchase_order (
  id text not null,
  number text not null,
  buyer text not null references person (id),
  shop text not null references shop (id),
  checkout text not null,
  state text not null,
  goods_amount bigint not null,
  freight_amount bigint not null,
  total bigint not null,
  currency text not null,
  note bytea not null,
  wished_time bytea not null,
  placed_at bigint not null,
  pay_until bigint not null,
  paid_at bigint,
  shipped_at bigint,
  received_at bigint,
  confirm_until bigint,
  completed_at bigint,
  hidden boolean not null,
  version bigint not null,
  primary key (id)
);
create table order_line (
  of_order text not null references purchase_order (id),
  line bigint not null,
  product text not null,
  variant text not null,
  sku text not null,
  title_en text not null,
  title_zh text not null,
  variant_en text not null,
  variant_zh text not null,
  unit_one text not null,
  unit_many text not null,
  unit_zh text not null,
  picture text,
  quantity bigint not null,
  unit_price bigint not null,
  amount bigint not null,
  commission_rate bigint not null,
  commission bigint not null,
  primary key (of_order, line)
);
create table consignee (
  person text not null,
  id text not null,
  of_order text not null references purchase_order (id),
  name bytea not null,
  phone bytea not null,
  alt_phone bytea not null,
  place bytea not null,
  completed_at bigint,
  primary key (person, id)
);
create table assurance (
  buyer text not null references person (id),
  id text not null,
  consignee text not null,
  words bytea not null,
  given_at bigint not null,
  primary key (buyer, id)
);
create table payment (
  id text not null,
  number text not null,
  buyer text not null references person (id),
  checkout text not null,
  account_ref text not null,
  method text not null,
  amount bigint not null,
  currency text not null,
  state text not null,
  provider_number text,
  begun_at bigint not null,
  paid_at bigint,
  settled_at bigint,
  version bigint not null,
  primary key (id)
);
create table refund (
  id text not null,
  of_payment text not null references payment (id),
  of_order text,
  amount bigint not null,
  state text not null,
  made_at bigint not null,
  done_at bigint,
  why text not null,
  primary key (id)
);
create table journal_entry (
  id text not null,
  kind text not null,
  about text not null,
  at bigint not null,
  primary key (id)
);
create table posting (
  entry text not null references journal_entry (id),
  line bigint not null,
  account text not null,
  shop text,
  amount bigint not null,
  currency text not null,
  primary key (entry, line)
);
create table payout (
  id text not null,
  shop text not null references shop (id),
  amount bigint not null,
  currency text not null,
  state text not null,
  made_at bigint not null,
  done_at bigint,
  provider_number text,
  why text not null,
  primary key (id)
);
create table shipment (
  of_order text not null references purchase_order (id),
  id text not null,
  person text not null,
  carrier text not null,
  waybill bytea not null,
  contents bytea not null,
  state text not null,
  sort_code text not null,
  why text not null,
  made_at bigint not null,
  heard_at bigint not null,
  delivered_at bigint,
  primary key (of_order, id)
);
create table tracking_event (
  of_shipment text not null,
  id text not null,
  at bigint not null,
  state text not null,
  place text not null,
  received_at bigint not null,
  primary key (of_shipment, id)
);
create table book_check (
  day text not null,
  checked_at bigint not null,
  lines bigint not null,
  trial_balance bigint not null,
  differences text not null,
  primary key (day)
);
create unique index checkout_once on checkout (buyer, once);
create unique index purchase_order_number on purchase_order (number);
create index purchase_order_buyer on purchase_order (buyer, id);
create index purchase_order_shop_all on purchase_order (shop, id);
create index purchase_order_shop on purchase_order (shop, state, id);
create index purchase_order_checkout on purchase_order (checkout);
create index purchase_order_unpaid on purchase_order (pay_until) where state = 'placed';
create index purchase_order_unconfirmed on purchase_order (confirm_until) where state in ('shipped', 'received');
create index consignee_order on consignee (of_order);
create unique index payment_number on payment (number);
create index payment_checkout on payment (checkout);
create unique index payment_one_open on payment (checkout) where state = 'open';
create index payment_buyer on payment (buyer, id);
create index payment_paid on payment (paid_at) where paid_at is not null;
create index payment_open on payment (state, begun_at);
create index refund_payment on refund (of_payment);
create index refund_order on refund (of_order) where of_order is not null;
create index refund_open on refund (state, made_at);
create index refund_done on refund (done_at) where done_at is not null;
create unique index journal_about on journal_entry (about, kind);
create index posting_shop on posting (shop, account, amount) where shop is not null;
create index payout_shop on payout (shop, made_at);
create unique index payout_one_open on payout (shop) where state = 'asked';
create index payout_open on payout (state, made_at);
create index payout_done on payout (done_at) where done_at is not null;
create unique index shipment_id on shipment (id);
create unique index shipment_one_live on shipment (of_order) where state not in ('refused', 'cancelled');
create index shipment_open on shipment (state, heard_at);
