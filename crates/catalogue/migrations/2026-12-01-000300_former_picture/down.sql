drop table former_picture;
