-- Pictures that products stood on lists with, and may have been bought by. Of those replaced before this nothing is known.
create table former_picture (
  small text not null,
  product text not null references product (id),
  primary key (small)
);
