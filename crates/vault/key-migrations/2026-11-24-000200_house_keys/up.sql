-- The house's own keys: those of the blind indexes, by field, and others that all processes share, by name.
alter table blind_key rename column field to name;
alter table blind_key rename to house_key;
