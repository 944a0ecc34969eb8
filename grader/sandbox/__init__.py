"""What student code runs inside of: the tiers, what each consists of, and how a worker puts itself under one."""
