"""The errors and warnings that are known, by what they are about."""
