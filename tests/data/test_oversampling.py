"""How often photographs of rare classes are visited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.build import build_datamodule
from trashseg.data.oversampling import (
    Counts,
    ObjectWeights,
    PixelWeights,
    RareClasses,
    RepeatFactor,
    Uniform,
    count,
    describe,
)
from trashseg.data.sampling import epoch_length
from trashseg.data.source import Source
from trashseg.data.training import TrainingPart
from trashseg.types import ConfigError, Split

NAMES = ("Background", "Paper", "Metal", "Battery")
OPTIONS = sorted(path.stem for path in (Path(__file__).parents[2] / "conf/data/sampler").glob("*.yaml"))


def counts_of(seed: int, num: int = 40) -> Counts:
    rng = np.random.default_rng(seed)
    objects = rng.poisson([0, 2.0, 0.6, 0.05], (num, 4))
    pixels = objects * rng.integers(10, 500, (num, 4))
    pixels[:, 0] = 4000 - pixels.sum(1).clip(max=3000)
    return Counts(NAMES, pixels, objects)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), threshold=st.floats(0, 1), most=st.floats(1, 20))
def test_repeat_factors_are_those_of_the_paper(seed: int, threshold: float, most: float) -> None:
    counts = counts_of(seed)
    expected = []
    for row in counts.pixels:
        own = [1.0]
        for k in (1, 2, 3):
            share = sum(other[k] > 0 for other in counts.pixels) / len(counts.pixels)
            if row[k]:
                own.append(min(most, max(1.0, (threshold / share) ** 0.5)))
        expected.append(max(own))
    assert RepeatFactor(threshold, most).factors(counts).tolist() == pytest.approx(expected)


def test_named_classes_are_repeated() -> None:
    counts = counts_of(3)
    factors = RareClasses({"Battery": 4, "Metal": 2.5, "Paper": None}).factors(counts)
    battery, metal = counts.pixels[:, 3] > 0, counts.pixels[:, 2] > 0
    assert battery.any()
    assert factors.tolist() == np.select([battery, metal], [4.0, 2.5], 1.0).tolist()


@pytest.mark.parametrize(("kind", "column"), [(PixelWeights, "pixels"), (ObjectWeights, "objects")])
def test_weights_give_every_class_the_same_part(kind: Any, column: str) -> None:
    counts = counts_of(1)
    amounts = getattr(counts, column)
    present = [k for k in range(4) if amounts[:, k].any()]
    expected = np.zeros(40)
    for k in present:
        for i in range(40):
            expected[i] += amounts[i, k] / amounts[:, k].sum() / len(present)
    assert expected.sum() == pytest.approx(1)
    assert kind(strength=1).factors(counts) == pytest.approx(40 * expected)
    assert kind(strength=0).factors(counts) == pytest.approx(np.ones(40))
    half = kind().factors(counts)
    assert half == pytest.approx(0.5 + 20 * expected)
    assert epoch_length(half) == 40


def test_nothing_to_weigh() -> None:
    empty = Counts(NAMES, np.zeros((3, 4), np.int64), np.zeros((3, 4), np.int64))
    for sampler in (PixelWeights(1), ObjectWeights(1), RepeatFactor(1), RareClasses({"Metal": 3}), Uniform()):
        assert sampler.factors(empty).tolist() == [1, 1, 1]


@pytest.mark.parametrize("size", [1, 39, 40, 100])
def test_the_epochs_length_may_be_given(size: int) -> None:
    counts = counts_of(2)
    for sampler in (
        RepeatFactor(0.5, 10, size),
        RareClasses({"Battery": 4}, size),
        PixelWeights(0.5, size),
        Uniform(size),
    ):
        factors = sampler.factors(counts)
        assert epoch_length(factors) == size
    assert RepeatFactor(0.5, 10, size).factors(counts) == pytest.approx(
        RepeatFactor(0.5).factors(counts) * size / RepeatFactor(0.5).factors(counts).sum()
    )


def test_objects_are_counted_by_class(make_coco: Callable[..., Path], cache: Path) -> None:
    mapping = {"Metal": "Paper", "Glass": "ignore", "Plastic": "drop"}
    source = Source(str(make_coco({"train": 6, "val": 2})), category_map=mapping, cache_dir=str(cache))
    split = source.prepare(Split.TRAIN)
    indices = np.array([4, 0, 3])
    part = TrainingPart(split, indices, source.class_of(split.index), source.table.names, cache)
    expected = np.zeros((3, 11), np.int64)
    for row, i in enumerate(indices):
        for j in range(3):
            name = source.table.names[(3 * i + j) % 10 + 1]
            target = mapping.get(name, name)
            if target in source.table.names:
                expected[row, source.table.names.index(target)] += 1
    counted = count(part)
    assert counted.names == source.table.names
    assert np.array_equal(counted.objects, expected)
    for row, i in enumerate(indices):
        assert np.array_equal(counted.pixels[row], np.bincount(split.mask(i).ravel(), minlength=256)[:11])


def test_the_report_says_what_changes() -> None:
    pixels = np.array([[9, 1, 0, 0], [9, 0, 1, 0], [9, 1, 1, 0]] + [[9, 1, 0, 0]] * 9)
    pixels[3, 3] = 5
    text = describe(np.array([1.0] * 3 + [4.0] + [1.0] * 8), Counts(NAMES, pixels, pixels))
    assert text.startswith("15 photographs an epoch of 12, each 1.00 to 4.00 times")
    # Battery: 1 of 12 before, 4 of 15 visits after; Paper is not rare.
    assert "Metal 16.7 -> 13.3 %, Battery 8.3 -> 26.7 %" in text
    assert "Paper" not in text
    common = describe(np.full(12, 2.0), Counts(NAMES, np.ones((12, 4), np.int64), pixels))
    assert "no class is in fewer than 20 %" in common


@pytest.mark.parametrize("option", OPTIONS)
def test_every_sampler_trains(composed: Any, tiny_coco: Path, option: str, caplog: Any) -> None:
    cfg = composed("train", f"data/sampler={option}", f"data.root={tiny_coco}", "data.image_size=32",
                   "data.batch_size=2", "data.num_workers=0")  # fmt: skip
    datamodule = build_datamodule(cfg.data, cfg.aug, cfg.mix)
    with caplog.at_level("INFO"):
        datamodule.setup("fit")
    assert ("photographs an epoch of 4" in caplog.text) == (option != "uniform")
    loader = datamodule.train_dataloader()
    batches = list(loader)
    assert len(batches) == len(loader) >= 2
    assert all(batch["image"].shape == (2, 3, 32, 32) for batch in batches)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RepeatFactor(threshold=2), r"data\.sampler\.threshold=2"),
        (lambda: RepeatFactor(max_repeats=0.5), r"data\.sampler\.max_repeats=0\.5"),
        (lambda: RareClasses({"Metal": 0.5}), r"data\.sampler\.classes\.Metal=0\.5"),
        (lambda: RareClasses({"Metl": 2}).factors(counts_of(0)), r"no class 'Metl'; .* Did you mean Metal"),
        (lambda: PixelWeights(strength=-1), r"data\.sampler\.strength=-1"),
        (lambda: Uniform(epoch_size=0), r"data\.sampler\.epoch_size=0"),
        (lambda: Uniform(epoch_size=2.5), r"data\.sampler\.epoch_size=2\.5"),  # type: ignore[arg-type]
    ],
)
def test_wrong_options_are_config_errors(make: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()
