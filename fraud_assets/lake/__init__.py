"""How tables are written and read: creation, small reads, increments, queries, upkeep."""
