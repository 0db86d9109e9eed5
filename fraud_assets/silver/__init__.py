"""Raw → trusted: parse, validate, deduplicate, quarantine."""
