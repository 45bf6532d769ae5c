"""Views, their inverses, and the mean of probabilities against a plain average in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from torch import nn

from trashseg.tta import FLIPS, TTA, Flip, Scale
from trashseg.types import ConfigError

CONFIGS = sorted((Path(__file__).parents[1] / "conf" / "tta").glob("*.yaml"))


def build(path: Path) -> TTA:
    return instantiate(OmegaConf.load(path), _convert_="all")


def images(seed, shape=(2, 3, 24, 40)):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def pointwise_net(seed=0):
    torch.manual_seed(seed)
    return nn.Conv2d(3, 5, 1).eval().requires_grad_(False)


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def tta(request):
    return build(request.param)


@pytest.mark.parametrize("kind", FLIPS)
def test_flip_inverse_is_exact(kind):
    image = images(0)
    flip = Flip(kind)
    assert flip.invert(flip.apply(image)).equal(image)


@pytest.mark.parametrize(("kind", "axes"), [("horizontal", (3,)), ("vertical", (2,)), ("both", (2, 3)), ("none", ())])
def test_flip_is_numpys(kind, axes):
    image = images(1)
    np.testing.assert_array_equal(Flip(kind).apply(image).numpy(), np.flip(image.numpy(), axes))


def smooth(height, width):
    y, x = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 3, width), indexing="ij")
    return torch.stack([torch.sin(y), torch.cos(x), torch.sin(x + y)])[None] * 0.5 + 0.5


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.0, 1.25, 1.5])
def test_scale_inverse_is_close_on_smooth_maps(factor):
    image, scale = smooth(64, 96), Scale(factor)
    restored = scale.invert(scale.apply(image), (64, 96))
    assert (restored - image).abs().max() < (0 if factor == 1 else 0.02) + 1e-9


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 70), width=st.integers(1, 70), factor=st.floats(0.05, 2.5), kind=st.sampled_from(list(FLIPS))
)
def test_any_size_comes_back(height, width, factor, kind):
    seen = []

    def net(image):
        seen.append(tuple(image.shape[-2:]))
        return torch.cat([image, image[:, :1]], dim=1)

    probs = TTA([factor], [kind])(net, images(2, (1, 3, height, width)))
    assert probs.shape == (1, 4, height, width)
    assert seen == [(max(1, round(height * factor)), max(1, round(width * factor)))]


@pytest.mark.parametrize("flips", [["none"], ["none", "horizontal"], ["none", "vertical"], list(FLIPS)])
def test_pointwise_net_under_flips_equals_itself(flips):
    net, image = pointwise_net(), images(3)
    probs = TTA(flips=flips)(net, image)
    # Means of one, two or four equal numbers are exact in binary.
    assert probs.equal(net(image).softmax(1))


def test_every_config_keeps_a_pointwise_net(tta):
    net = pointwise_net()
    plain = torch.full((1, 3, 20, 28), 0.3)
    torch.testing.assert_close(tta(net, plain), net(plain).softmax(1), rtol=1e-6, atol=1e-7)
    image = smooth(64, 96)
    torch.testing.assert_close(tta(net, image), net(image).softmax(1), rtol=0, atol=0.01)


def test_configs_cover_the_fixed_names():
    views = {path.stem: build(path).num_views for path in CONFIGS}
    assert views.items() >= {"none": 1, "flip": 3, "multiscale": 5, "multiscale_flip": 15}.items()


def test_mean_of_probabilities_by_hand():
    torch.manual_seed(4)
    net = nn.Conv2d(3, 5, 3, padding=1).eval().requires_grad_(False)
    image = images(5)
    views = []
    for scale in (0.5, 1.0, 1.5):
        size = (round(24 * scale), round(40 * scale))
        small = image if scale == 1 else torch.nn.functional.interpolate(image, size, mode="bilinear")
        for axis in (None, 3, 2):
            seen = small.numpy() if axis is None else np.flip(small.numpy(), axis).copy()
            logits = net(torch.from_numpy(seen)).numpy()
            logits = logits if axis is None else np.flip(logits, axis).copy()
            back = torch.nn.functional.interpolate(torch.from_numpy(logits), (24, 40), mode="bilinear").double().numpy()
            odds = np.exp(back)
            views.append(odds / odds.sum(1, keepdims=True))
    probs = TTA((0.5, 1.0, 1.5), ("none", "horizontal", "vertical"))(net, image)
    assert probs.dtype == torch.float32
    np.testing.assert_allclose(probs.numpy(), np.mean(views, 0), atol=1e-6)


def test_probabilities_sum_to_one_from_half_precision(tta):
    probs = tta(lambda image: image.to(torch.bfloat16) * 9, images(6))
    assert probs.dtype == torch.float32
    torch.testing.assert_close(probs.sum(1), torch.ones(2, 24, 40))


def test_image_is_left_alone_and_no_graph_is_built():
    image = images(7)
    before = image.clone()
    net = nn.Conv2d(3, 3, 1)
    assert not TTA((0.5, 1.0), ("none", "both"))(net, image).requires_grad
    TTA()(lambda x: x, image)  # a network that hands its input through
    assert image.equal(before)


def test_cost_counts_the_pixels_that_the_net_sees(tta):
    pixels = 0

    def net(image):
        nonlocal pixels
        pixels += image.shape[-2] * image.shape[-1]
        return image

    tta(net, images(8, (1, 3, 40, 80)))
    assert tta.relative_cost == pytest.approx(pixels / 3200)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scales": []}, "at least one"),
        ({"flips": []}, "at least one"),
        ({"flips": ["none", "none"]}, "each once"),
        ({"scales": [0.0]}, "above 0"),
        ({"scales": [-1]}, "above 0"),
        ({"scales": [float("inf")]}, "above 0"),
        ({"scales": ["big"]}, "above 0"),
        ({"flips": ["horizntal"]}, "Did you mean horizontal"),
    ],
)
def test_wrong_settings_say_so(arguments, word):
    with pytest.raises(ConfigError, match=word) as caught:
        TTA(**arguments)
    assert "\n" not in str(caught.value)
