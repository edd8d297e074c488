drop table staff; drop table session; drop table throttle; drop table one_time_code; drop table member;
