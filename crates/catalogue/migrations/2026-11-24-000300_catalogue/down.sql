drop table picture; drop table price_tier; drop table variant; drop table product; drop table category; drop table qualification; drop table shop;
