"""Run one submission in a worker process and record what it does. Only `host` runs in the trusted process."""
