delete from outbox_consumer where name = 'trade.hooks';
drop table hook_try;
drop table hook_delivery;
drop table hook_endpoint;
