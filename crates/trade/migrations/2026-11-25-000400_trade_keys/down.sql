alter table assurance drop column covers;
alter table checkout drop column content;
alter table cart_item drop column prices_when_added;
