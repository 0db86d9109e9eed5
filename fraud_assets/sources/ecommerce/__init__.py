"""Orders of a web shop, as the source ``ecommerce`` describes them."""
