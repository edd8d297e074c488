-- An epoch ends when the next begins; its rows are then wrapped anew, and it is forgotten when none is left.
alter table epoch add column ended_at bigint;
-- Which of the house's keys made a mark: two of one field stand side by side while the index is renewed.
alter table blind_mark add column made_by text not null default '';
update blind_mark set made_by = field;
alter table house_key add column ended_at bigint;
