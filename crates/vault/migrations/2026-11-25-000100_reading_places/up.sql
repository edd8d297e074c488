-- The lines' ids have another form; the job makes the index anew from the blocks.
delete from reading;
delete from reading_cursor;
