"""Jobs: a table with leases and the loop that works it off."""
