# Why part `trade` refused something, and what the person can do. Keys and arguments come from `trade::Refused`.
