-- Units that open orders hold, moved by the statements that move the stock.
alter table variant add column held bigint not null default 0;
