"""Features as data: their kinds, the families that declare them, the catalogue of all."""
