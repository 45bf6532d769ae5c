"""Optimisers and schedules: timm's factory over our own parameter groups, and one class a schedule."""

from trashseg.optim.factory import Recipe, build_optimizer
from trashseg.optim.groups import NO_DECAY, parameter_groups

__all__ = ["NO_DECAY", "Recipe", "build_optimizer", "parameter_groups"]
