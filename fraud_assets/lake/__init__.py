"""How tables are read and written: creation, cursors, reads, commits, queries, exports, upkeep."""
