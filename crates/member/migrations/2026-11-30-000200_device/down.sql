drop table known_device;
alter table session drop column device;
alter table session drop column proved_at;
