"""What tests and benchmarks compare the product with: files of payments, and their features computed by pandas."""
