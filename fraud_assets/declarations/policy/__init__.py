"""What a score leads to, declared: the rules in ``policy.yaml`` and the schema they follow."""
