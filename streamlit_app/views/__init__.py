"""The pages, one a module: each reads snapshots, asks its queries and draws."""
