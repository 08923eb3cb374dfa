"""Parts that every simulator is made of: servers, steering, counters, time."""
