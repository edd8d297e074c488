drop table pair; drop table reading_cursor; drop table reading; drop table consent; drop table person;
