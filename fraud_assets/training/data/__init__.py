"""The rows a model is trained and tested on: read at pinned versions, split in time."""
