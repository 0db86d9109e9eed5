"""The declared features, a module a family; catalogue.py puts them together."""
