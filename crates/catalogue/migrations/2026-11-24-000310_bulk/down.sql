drop table import_mistake;
drop table goods_import;
drop index product_reference;
alter table product drop column reference;
