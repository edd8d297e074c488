-- Carts from before have one price for all quantities, presses no digest; what was assured was an order.
alter table cart_item add column prices_when_added text not null default '';
alter table checkout add column content text not null default '';
alter table assurance add column covers text not null default 'order';
