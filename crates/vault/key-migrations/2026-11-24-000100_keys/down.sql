drop table key_pair; drop table epoch; drop table tombstone; drop table blind_mark; drop table blind_key; drop table person_key;
