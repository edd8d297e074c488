-- An index of two states is not taken by SQLite for one of them: each look for what is due read every order.
drop index purchase_order_unconfirmed;
create index purchase_order_received on purchase_order (confirm_until) where state = 'received';
