"""Cross-validation: one network a fold, each scored on the photographs that it never saw."""
