"""Sweeps: every job a process of its own, its GPUs, how it ended, and searches that Optuna steers."""
