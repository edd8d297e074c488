# Why part `catalogue` refused something, and what the person can do. Keys and arguments come from `catalogue::Refused`.
