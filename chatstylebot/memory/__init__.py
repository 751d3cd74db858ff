"""Memory of past talk: passages of it, an index that grows, and what of it may be told to whom."""
