delete from reading;
delete from reading_cursor;
