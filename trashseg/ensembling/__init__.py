"""Several trained networks as one: who takes part, how much each counts, what that gains."""
