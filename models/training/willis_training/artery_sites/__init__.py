"""Which artery a place lies on: the 13 locations of RSNA 2025, from a crop of bright vessels about the place."""
