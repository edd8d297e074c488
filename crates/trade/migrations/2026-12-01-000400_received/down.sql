drop index purchase_order_received;
create index purchase_order_unconfirmed on purchase_order (confirm_until) where state in ('shipped', 'received');
