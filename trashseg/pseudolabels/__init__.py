"""Labels made by networks, for photographs that nobody has annotated."""
