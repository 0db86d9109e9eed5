"""Trusted payments → business summaries: by hour and category, by window of activity, by customer and merchant."""
