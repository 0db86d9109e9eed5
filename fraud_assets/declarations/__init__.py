"""The ground floor: what each table, feature, source and policy is. It imports no other part of the product."""
