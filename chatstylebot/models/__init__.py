"""Base models and adapters on disk: which there are, where they come from, whether one is whole and what made it."""
