"""Sources as data: the schema of their YAML files, and the files in catalogue/."""
