"""From a sample of records to a source: a drafted YAML file, checked against the sample."""
