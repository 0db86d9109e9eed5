"""Trusted payments to model inputs: each feature declared once, evaluated over frames and spread by Spark."""
