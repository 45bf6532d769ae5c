"""A drawn trash set for trying everything without data: scenes of overlapping objects of the ten materials."""

from trashseg.data.synthetic.write import ensure_synthetic

__all__ = ["ensure_synthetic"]
