"""`train`: a shipped bundle goes on training on a site's or a public data set, and a new bundle is written."""
