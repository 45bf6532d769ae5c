"""What moves pixels does what the workers' form does with the same parameters."""

from __future__ import annotations

from collections.abc import Callable

import albumentations
import numpy as np
import pytest

from trashseg.data.device import Affine, BatchAugment, ElasticTransform, HorizontalFlip, OneOf, RandomRotate90
from trashseg.data.device.base import Leaf, Numbers
from trashseg.data.sampling import SampleKey
from trashseg.data.transforms import Affine as WorkerAffine
from trashseg.data.transforms import ElasticTransform as WorkerElastic
from trashseg.data.transforms.warp import AffineElastic

Pair = tuple[np.ndarray, np.ndarray]
Pictures = Callable[..., list[Pair]]
TILT = {"rotate": (17, 17), "scale": (0.8, 0.8), "shear": (5, 5), "keep_ratio": True}


class Turn(RandomRotate90):
    """A turn that is given."""

    def __init__(self, quarters: int) -> None:
        super().__init__(p=1)
        self.quarters = quarters

    def parameters(self, numbers: Numbers, size: tuple[int, int]) -> dict[str, int]:  # noqa: ARG002
        return {"factor": self.quarters}


def numbers_for(leaf: Leaf, *before: Leaf) -> Numbers:
    """Return the random numbers of sample 0 as ``leaf`` finds them, after those ``before`` it; all come always."""
    numbers = Numbers.of(0, SampleKey(0, 0))
    for earlier in before:
        assert earlier.chosen(numbers) is earlier
        earlier.draw(numbers, (120, 120))
    assert leaf.chosen(numbers) is leaf
    return numbers


def assert_alike(ours: Pair, reference: Pair) -> None:
    """Compare the masks, and the images where both have a label."""
    assert (ours[1] != reference[1]).mean() < 0.005
    sure = (ours[1] != 255) & (reference[1] != 255)
    assert sure.mean() > 0.3
    difference = np.abs(ours[0].astype(int) - reference[0].astype(int)).max(axis=2)
    # At the very edge of the photograph a pixel is mixed with the black outside.
    assert (difference[sure] > 2).mean() < 0.005


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("flipped", [False, True])
def test_mirrors_and_quarter_turns_are_exact(pictures: Pictures, run: Pictures, quarters: int, flipped: bool) -> None:
    mask = pictures(size=(75, 75))[0][1]
    image = np.random.default_rng(quarters).integers(0, 256, (75, 75, 3), np.uint8)
    transforms = {"flip": HorizontalFlip(p=1)} if flipped else {}
    ((new, moved),) = run({**transforms, "turn": Turn(quarters)}, [(image, mask)])
    expected = [np.rot90(one[:, ::-1] if flipped else one, quarters) for one in (image, mask)]
    np.testing.assert_array_equal(new, expected[0])
    np.testing.assert_array_equal(moved, expected[1])


def test_every_turn_is_drawn(pictures: Pictures, run: Pictures) -> None:
    pair = pictures()[0]
    seen = {new.tobytes() for new, _ in run({"turn": RandomRotate90(p=1)}, [pair] * 40)}
    assert seen == {np.rot90(pair[0], k).tobytes() for k in range(4)}


def test_of_an_oblong_the_ends_are_cut_off(pictures: Pictures, run: Pictures) -> None:
    image, mask = pictures(size=(60, 100))[0]
    ((new, moved),) = run({"turn": Turn(1)}, [(image, mask)])
    np.testing.assert_array_equal(new[:, 20:80], np.rot90(image[:, 20:80]))
    np.testing.assert_array_equal(moved[:, 20:80], np.rot90(mask[:, 20:80]))
    for side in (slice(0, 20), slice(80, 100)):
        assert (moved[:, side] == 255).all()
        assert not new[:, side].any()


@pytest.mark.parametrize("size", [(120, 120), (90, 130)])
def test_affine_is_the_librarys(pictures: Pictures, run: Pictures, size: tuple[int, int]) -> None:
    image, mask = pictures(size=size)[0]
    fixed = {**TILT, "translate_percent": (0.1, 0.1)}
    usual = albumentations.Affine(**fixed, fill_mask=255, p=1)(image=image, mask=mask)
    assert_alike(run({"affine": Affine(**fixed, p=1)}, [(image, mask)])[0], (usual["image"], usual["mask"]))


def test_affine_draws_as_the_library(pictures: Pictures, run: Pictures) -> None:
    image, mask = pictures()[0]
    limits = {"rotate": (-40, 40), "scale": (0.7, 1.4), "shear": (-9, 9)}
    ours, usual = Affine(**limits, p=1), albumentations.Affine(**limits, fill_mask=255, p=1)
    usual.set_random_state(*numbers_for(ours))
    drawn = usual.get_params_dependent_on_data({"shape": image.shape}, {})
    assert abs(drawn["rotate"]) > 1
    expected = [move(one, drawn["matrix"], (120, 120)) for move, one in
                ((usual.apply, image), (usual.apply_to_mask, mask))]  # fmt: skip
    assert_alike(run({"affine": ours}, [(image, mask)])[0], (expected[0], expected[1]))


def test_elastic_is_the_workers(pictures: Pictures, run: Pictures) -> None:
    image, mask = pictures()[0]
    ours, usual = ElasticTransform(600, 8, p=1), WorkerElastic(alpha=600, sigma=8, fill_mask=255, p=1)
    usual.set_random_state(*numbers_for(ours))
    maps = usual.get_params_dependent_on_data({"shape": image.shape}, {})
    assert np.abs(maps["map_x"] - np.arange(120)).max() > 5
    expected = usual.apply(image, **maps), usual.apply_to_mask(mask, **maps)
    assert_alike(run({"elastic": ours}, [(image, mask)])[0], expected)


def test_affine_and_elastic_are_joined_as_the_workers_join_them(pictures: Pictures, run: Pictures) -> None:
    image, mask = pictures()[0]
    affine, elastic = Affine(**TILT, p=1), ElasticTransform(500, 9, p=1)
    usual = AffineElastic(WorkerAffine(**TILT, fill_mask=255), WorkerElastic(alpha=500, sigma=9, fill_mask=255))
    usual.elastic.set_random_state(*numbers_for(elastic, affine))  # the affine's limits leave nothing to chance
    expected = usual(image=image, mask=mask, force_apply=True)
    ours = run({"affine": affine, "elastic": elastic}, [(image, mask)])[0]
    assert_alike(ours, (expected["image"], expected["mask"]))


def test_what_follows_an_elastic_is_done_after_it(pictures: Pictures, run: Pictures) -> None:
    pairs = pictures(2)
    elastic = ElasticTransform(500, 9, p=1)
    bent, turned = run({"elastic": elastic}, pairs), run({"elastic": elastic, "turn": Turn(1)}, pairs)
    for (image, mask), (new, moved) in zip(bent, turned, strict=True):
        np.testing.assert_array_equal(new, np.rot90(image))
        np.testing.assert_array_equal(moved, np.rot90(mask))


def test_all_that_can_be_is_sampled_once() -> None:
    either = OneOf({"turn": RandomRotate90(), "bend": ElasticTransform()})
    names = {"flip": HorizontalFlip(), "affine": Affine(), "either": either}
    assert len(BatchAugment(names).stages) == 1
    assert len(BatchAugment({**names, "again": HorizontalFlip()}).stages) == 2


def test_a_motion_of_nothing_moves_nothing(pictures: Pictures, run: Pictures) -> None:
    mask = pictures(size=(75, 90))[0][1]
    image = np.random.default_rng(0).integers(0, 256, (75, 90, 3), np.uint8)
    ((new, moved),) = run({"affine": Affine(p=1)}, [(image, mask)])
    np.testing.assert_array_equal(new, image)
    np.testing.assert_array_equal(moved, mask)
