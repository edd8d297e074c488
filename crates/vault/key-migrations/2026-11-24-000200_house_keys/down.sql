alter table house_key rename to blind_key; alter table blind_key rename column name to field;
