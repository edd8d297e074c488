-- The seller's own number of a product: how a spreadsheet names it.
alter table product add column reference text;
create unique index product_reference on product (shop, reference);
create table goods_import (
  shop text not null references shop (id),
  id text not null,
  state text not null,
  sheet text not null,
  archive text,
  rows_read bigint not null,
  products bigint not null,
  done bigint not null,
  fresh bigint not null,
  changed bigint not null,
  same bigint not null,
  faulty bigint not null,
  mistakes bigint not null,
  partial boolean not null,
  preview text not null,
  findable_from bigint,
  made_at bigint not null,
  changed_at bigint not null,
  primary key (shop, id)
);
create index goods_import_changed on goods_import (changed_at);
create index goods_import_sheet on goods_import (sheet);
create index goods_import_archive on goods_import (archive);
create table import_mistake (
  import text not null,
  place bigint not null,
  sort bigint not null,
  line bigint not null,
  cell_of text not null,
  cell text not null,
  message text not null,
  primary key (import, place, sort)
);
