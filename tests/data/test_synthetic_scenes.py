"""The synthetic scenes: annotations that paint what was drawn, materials that colour alone does not tell."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from trashseg.data.synthetic.annotate import MIN_AREA, annotate, encode
from trashseg.data.synthetic.materials import MATERIALS
from trashseg.data.synthetic.scene import draw_scene

pytestmark = pytest.mark.filterwarnings(  # pycocotools 2.0 has an __array__ of the old form
    "ignore:__array__ implementation:DeprecationWarning"
)


def painted(segmentation: list | dict, size: int) -> np.ndarray:
    """The mask as pycocotools paints it."""
    codes = coco_mask.frPyObjects(segmentation, size, size)
    return coco_mask.decode(coco_mask.merge(codes) if isinstance(codes, list) else codes)


def test_annotations_paint_what_was_drawn() -> None:
    ground = []
    for number in range(24):
        scene = draw_scene(4321, 0, number, 128)
        truth, label = np.zeros((128, 128), np.uint8), np.zeros((128, 128), np.uint8)
        for index, category in enumerate(scene.categories):
            drawn = scene.owner == index
            if drawn.sum() >= MIN_AREA:
                truth[drawn] = category
            if drawn.sum() > 400:
                mask = painted(encode(drawn.view(np.uint8)), 128) > 0
                assert (mask & drawn).sum() / (mask | drawn).sum() > 0.97
        for annotation in annotate(scene):
            label[painted(annotation["segmentation"], 128) > 0] = annotation["category_id"]
        assert (label != truth).mean() < 0.002
        ground.append((scene.owner < 0).mean())
    assert 0.6 <= np.mean(ground) <= 0.75


def test_encode_is_exact_on_random_masks() -> None:
    rng = np.random.default_rng()
    forms = set()
    for _ in range(60):
        noise = cv2.GaussianBlur(rng.standard_normal((60, 60)).astype(np.float32), (0, 0), rng.uniform(2, 6))
        mask = (noise > np.quantile(noise, rng.uniform(0.2, 0.9))).astype(np.uint8)
        code = encode(mask)
        forms.add(type(code))
        different = (painted(code, 60) != mask) if code else mask > 0
        specks, _ = cv2.connectedComponents(different.astype(np.uint8), connectivity=4)
        sizes = np.bincount(cv2.connectedComponents(different.astype(np.uint8), connectivity=4)[1].ravel())[1:]
        assert specks == 1 or sizes.max() < 8  # only specks and pinholes may be missing
    assert forms == {list, dict}


def test_no_material_is_known_by_its_colour() -> None:
    """A nearest neighbour on mean colours, in changing light, must stay poor: else networks learn colours only."""
    rng = np.random.default_rng(2)
    features = np.empty((10, 24, 3))
    for material, number in np.ndindex(10, 24):
        rgb, cover, opacity = MATERIALS[material].draw(rng, 48, (0.6, 0.8))
        seen = rgb.clip(0, 1) * opacity[..., None] + rng.uniform(0.15, 0.7) * (1 - opacity[..., None])
        features[material, number] = seen[cover > 0.5].mean(0) * rng.uniform(0.6, 1.25)
    points, truth = features.reshape(-1, 3), np.repeat(np.arange(10), 24)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    right = (truth[distance.argmin(1)] == truth).reshape(10, 24).mean(1)
    assert right.mean() < 0.45
    assert right.max() < 0.8


@pytest.mark.parametrize("material", range(10))
@pytest.mark.parametrize("side", [14, 61, 200])
def test_every_material_draws_at_every_size(material: int, side: int) -> None:
    for number in range(12):
        rgb, cover, opacity = MATERIALS[material].draw(np.random.default_rng([side, number]), side, (-0.8, 0.6))
        assert rgb.shape == (*cover.shape, 3)
        assert cover.shape == opacity.shape
        assert max(cover.shape) <= 1.6 * side
        assert np.isfinite(rgb).all()
        assert ((opacity >= 0) & (opacity <= cover + 1e-4) & (cover <= 1.001)).all()
        assert (cover > 0.5).mean() > 0.05
