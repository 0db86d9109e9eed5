"""Payments of the kind that the Sparkov generator makes, as the source ``sparkov`` describes them."""
