"""What each page shows, as pure functions over lazy frames; nothing here reads a table or draws."""
