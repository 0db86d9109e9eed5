"""The cards simulator: payments in the rules of the Fraud Detection Handbook.

What belongs here: the simulated world, its days, its frauds, and how they go to Kafka or to a file. The rules are
those of Le Borgne, Siblini, Lebichot, Bontempi: *Reproducible Machine Learning for Credit Card Fraud Detection –
Practical Handbook*, Université Libre de Bruxelles, 2022, chapter 3; the code is our own.
"""
