"""Every number: addresses, function, type, global, table and tag indices; and what is exported."""
