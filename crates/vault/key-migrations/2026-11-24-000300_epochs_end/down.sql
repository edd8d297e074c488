alter table house_key drop column ended_at; alter table blind_mark drop column made_by; alter table epoch drop column ended_at;
