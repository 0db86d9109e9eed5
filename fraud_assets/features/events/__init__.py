"""The events of customers and merchants in the order in which they happened or became known."""
