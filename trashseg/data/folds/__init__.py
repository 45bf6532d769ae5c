"""Folds: which photographs validate, so that every fold looks like the whole and no group of photographs is cut."""
