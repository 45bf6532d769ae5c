"""Tools for submissions, one's own and others': compare, validate, vote, to masks and back."""
