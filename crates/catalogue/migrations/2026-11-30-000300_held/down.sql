alter table variant drop column held;
