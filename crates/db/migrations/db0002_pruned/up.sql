-- Events from before this time may be gone; all later ones are there.
alter table outbox_sequence add column pruned_before bigint not null default 0;
