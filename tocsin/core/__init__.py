"""Core: the vocabulary that all stages share."""
