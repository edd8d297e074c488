create table api_attempt (
  person text not null references person (id),
  once text not null,
  content text not null,
  made text not null,
  ends_at bigint not null,
  primary key (person, once)
);
create index api_attempt_end on api_attempt (ends_at);
