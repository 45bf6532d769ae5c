"""Turn, scale and shear; and do so together with an elastic displacement, in one go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import albumentations
import numpy as np

from trashseg.data.transforms.elastic import ElasticTransform
from trashseg.data.transforms.remap import Array, Matrix, coordinates, through_four


class Affine(albumentations.Affine):
    """albumentations' Affine, faster, and ready to be joined with an elastic displacement."""

    def apply(self, img: Array, matrix: Matrix, output_shape: tuple[int, int], **params: Any) -> Array:
        """Return the warped image."""
        return through_four(img, lambda four: super(Affine, self).apply(four, matrix, output_shape, **params))


class AffineElastic(albumentations.BaseCompose):
    """An Affine and the ElasticTransform after it, each with its own p; where both are due, in one remap.

    One interpolation keeps the picture sharper than two and takes the time of one. What the first moves out of the
    frame is not lost to the second.
    """

    def __init__(self, affine: Affine, elastic: ElasticTransform) -> None:
        super().__init__([affine, elastic], p=1.0)
        self.affine, self.elastic = affine, elastic

    def __call__(self, *_: Any, force_apply: bool = False, **data: Any) -> dict[str, Any]:
        """Return ``data`` with its image and mask warped."""
        due = [transform for transform in self.transforms if transform.should_apply(force_apply)]
        if len(due) < 2:
            for transform in due:
                data = transform(force_apply=True, **data)
            return data
        shape = {"shape": data["image"].shape}
        chosen = self.affine.get_params_dependent_on_data(shape, data)
        size = chosen["output_shape"]
        map_x, map_y = coordinates(size, inverse(chosen["matrix"]), self.elastic.bend(size))
        warped = self.elastic.apply_with_params({"map_x": map_x, "map_y": map_y}, **data)
        return dict(warped)


def fuse(transforms: Iterable[Any]) -> list[Any]:
    """Join every Affine with the ElasticTransform that directly follows it and treats the border alike."""
    fused: list[Any] = []
    for transform in transforms:
        before = fused[-1] if fused else None
        if isinstance(before, Affine) and isinstance(transform, ElasticTransform) and _alike(before, transform):
            fused[-1] = AffineElastic(before, transform)
        else:
            fused.append(transform)
    return fused


def inverse(matrix: Matrix) -> Matrix:
    """Return the (2, 3) that undoes a (3, 3) affine map."""
    return np.asarray(np.linalg.inv(matrix)[:2], np.float64)


def _alike(one: Affine, other: ElasticTransform) -> bool:
    names = ("interpolation", "mask_interpolation", "border_mode", "fill", "fill_mask")
    return not other.approximate and all(getattr(one, name) == getattr(other, name) for name in names)
