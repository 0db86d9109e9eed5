"""What features read of one payment: columns made of it, the watchlists and the source's baseline."""
