drop table api_attempt;
