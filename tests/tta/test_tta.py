"""Every option of the group, and the views of a TTA together."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from trashseg.tta import MERGES, TTA, Sliding, ViewAlone
from trashseg.tta.crop import CROPS
from trashseg.tta.symmetry import FLIPS
from trashseg.types import ConfigError

CONFIGS = sorted(path.stem for path in (Path(__file__).parents[2] / "conf" / "tta").glob("*.yaml"))


@pytest.fixture
def build(composed):
    """Build the TTA of an option, with windows that fit into small images."""

    def make(name: str, *overrides: str) -> TTA:
        small = ["tta.sliding.window=16"] if name == "sliding" else []
        return instantiate(composed("predict", f"tta={name}", *small, *overrides).tta, _convert_="all")

    return make


@pytest.fixture(params=CONFIGS)
def tta(request, build):
    return build(request.param)


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_keeps_a_pointwise_net(build, conv, smooth, name, merge):
    net, tta = conv(1), build(name, f"tta.merge={merge}")
    plain = torch.full((1, 3, 20, 28), 0.3)
    torch.testing.assert_close(tta(net, plain), net(plain).softmax(1), rtol=1e-5, atol=1e-6)
    image = smooth(64, 96)
    torch.testing.assert_close(tta(net, image), net(image).softmax(1), rtol=0, atol=0.01)


@pytest.mark.parametrize("flips", [["none"], ["none", "horizontal"], ["none", "vertical"], list(FLIPS)])
@pytest.mark.parametrize("rotations", [[0], [0, 90, 180, 270]])
def test_symmetries_keep_a_pointwise_net_exactly(conv, images, flips, rotations):
    net, image = conv(1), images(3)
    probs = TTA(flips=flips, rotations=rotations)(net, image)
    # Means of one, two, four or eight equal numbers are exact in binary.
    torch.testing.assert_close(probs, net(image).softmax(1), rtol=0, atol=2e-7)


def test_configs_have_the_views_that_they_name(build):
    views = {name: build(name).num_views for name in CONFIGS}
    assert views == {
        "none": 1, "flip": 3, "multiscale": 5, "multiscale_flip": 15, "candidates": 10, "rot90": 4, "d4": 8,
        "crops": 6, "sliding": 1,
    }  # fmt: skip


def test_configs_of_old_checkpoints_still_build():
    old = {"_target_": "trashseg.tta.TTA", "scales": [0.5, 1.0], "flips": ["none", "vertical"]}
    assert list(instantiate(old, _convert_="all").views) == ["scale_0.5", "scale_0.5_vertical", "plain", "vertical"]


def test_the_mean_by_hand(conv, images):
    net, image = conv(3), images(5)
    views = []
    for scale in (0.5, 1.0, 1.5):
        size = (round(24 * scale), round(40 * scale))
        small = image if scale == 1 else nn.functional.interpolate(image, size, mode="bilinear")
        for flipped, turns in itertools.product((False, True), (0, 1)):
            seen = small.numpy()[..., ::-1] if flipped else small.numpy()
            logits = net(torch.from_numpy(np.rot90(seen, turns, (2, 3)).copy())).numpy()
            logits = np.rot90(logits, -turns, (2, 3))
            logits = logits[..., ::-1] if flipped else logits
            back = nn.functional.interpolate(torch.from_numpy(logits.copy()), (24, 40), mode="bilinear")
            odds = np.exp(back.double().numpy())
            views.append(odds / odds.sum(1, keepdims=True))
    probs = TTA((0.5, 1.0, 1.5), ("none", "horizontal"), (0, 90))(net, image)
    assert probs.dtype == torch.float32
    np.testing.assert_allclose(probs.numpy(), np.mean(views, 0), atol=1e-6)


def test_a_crop_counts_where_it_sees(conv, images):
    net, image = conv(3), images(6)
    both, whole = TTA(crops=["whole", "top_left"], crop_side=0.5), TTA()
    probs, plain = both(net, image), whole(net, image)
    assert probs[..., 12:, :].equal(plain[..., 12:, :])
    assert probs[..., :, 20:].equal(plain[..., :, 20:])
    large = nn.functional.interpolate(image[..., :12, :20], (24, 40), mode="bilinear")
    crop = nn.functional.interpolate(net(large), (12, 20), mode="bilinear").softmax(1)[..., 0, 0]
    # In the picture's corner the crop counts nearly as much as the whole.
    torch.testing.assert_close(probs[..., 0, 0], (plain[..., 0, 0] + crop) / 2, rtol=0, atol=2e-3)


def test_views_alone_add_up_to_the_merge(conv, images):
    net, image = conv(3), images(7)
    tta = TTA((0.5, 1.0), ("none", "horizontal"), crops=list(CROPS))
    total = sum(ViewAlone(tta, name)(net, image) for name in tta.views)
    torch.testing.assert_close(total / total.sum(1, keepdim=True), tta(net, image), rtol=0, atol=1e-6)
    corner = ViewAlone(tta, "scale_0.5_top_left")(net, image)
    assert corner[..., -5:, -5:].abs().max() == 0


def test_probabilities_sum_to_one_from_half_precision(tta, images):
    probs = tta(lambda image: image.to(torch.bfloat16) * 9, images(6))
    assert probs.dtype == torch.float32
    torch.testing.assert_close(probs.sum(1), torch.ones(2, 24, 40))


def test_image_is_left_alone_and_no_graph_is_built(images):
    image = images(7)
    before = image.clone()
    net = nn.Conv2d(3, 3, 1)
    assert not TTA((0.5, 1.0), ("none", "both"))(net, image).requires_grad
    TTA()(lambda x: x, image)  # a network that hands its input through
    assert image.equal(before)


def test_cost_counts_the_pixels_that_the_net_sees(tta, images):
    pixels = 0

    def net(image):
        nonlocal pixels
        pixels += image.numel() // 3
        return image

    tta(net, images(8, (1, 3, 40, 80)))
    assert tta.relative_cost((40, 80)) == pytest.approx(pixels / 3200)
    single = sum(tta.view_cost(name, (40, 80)) for name in tta.views)
    assert single == pytest.approx(pixels / 3200)


def test_the_description_has_views_and_price():
    assert TTA().describe((512, 512)) == "1 view"
    assert TTA([0.5, 1.0], ["none", "both"]).describe((512, 512)) == "4 views, 2.5 times the pixels of a plain pass"


# A view of half the side counts as a quarter of an image.
@pytest.mark.parametrize(("view_batch", "passes"), [(1, [4, 4, 2, 2, 2, 2]), (4, [8, 4, 4]), (16, [8, 8])])
def test_views_share_passes_within_the_bound(conv, images, view_batch, passes):
    net, image, seen = conv(3), images(9, (2, 3, 32, 32)), []

    def counting(image):
        seen.append(len(image))
        return net(image)

    options = {"scales": [0.5, 1.0], "flips": ["none", "horizontal"], "rotations": [0, 90]}
    probs = TTA(**options, view_batch=view_batch)(counting, image)
    assert seen == passes
    alone = sum(ViewAlone(TTA(**options), name)(net, image) for name in TTA(**options).views) / 8
    torch.testing.assert_close(probs, alone, rtol=0, atol=1e-6)


def test_named_views_are_those_of_the_lists(conv, images):
    net, image = conv(3), images(10)
    lists = TTA([0.5, 1.0], ["none", "vertical"])
    named = TTA(
        views={"a": {"scale": 0.5}, "b": {"scale": 0.5, "flip": "vertical"}, "c": None, "d": {"flip": "vertical"}}
    )
    assert named(net, image).equal(lists(net, image))


def test_a_view_that_a_flip_makes_already_counts_once():
    tta = TTA(flips=list(FLIPS), rotations=[0, 90, 180, 270])
    assert tta.num_views == 8
    assert next(iter(tta.views)) == "plain"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"scales": []}, "at least one"),
        ({"flips": []}, "at least one"),
        ({"flips": ["none", "none"]}, "each once"),
        ({"scales": [0.0]}, "above 0"),
        ({"scales": [-1]}, "above 0"),
        ({"scales": [float("inf")]}, "above 0"),
        ({"scales": [float("nan")]}, "above 0"),
        ({"scales": ["big"]}, "above 0"),
        ({"flips": ["horizntal"]}, "Did you mean horizontal"),
        ({"rotations": [45]}, "tta.rotations holds 45"),
        ({"crops": ["top"]}, "tta.crops holds 'top'"),
        ({"crops": ["whole", "centre"], "crop_side": 1.5}, "tta.crop_side"),
        ({"crops": ["centre"]}, "unseen"),
        ({"crops": ["top_left", "top_right", "bottom_left", "bottom_right"], "crop_side": 0.4}, "unseen"),
        ({"merge": "meen"}, "Did you mean mean"),
        ({"view_batch": 0}, "view_batch=0"),
        ({"views": {}}, "tta.views is empty"),
        ({"views": {"a": {"scal": 1}}}, "tta.views.a has no key 'scal'"),
        ({"views": {"a": {"flip": "both"}, "b": {"rotation": 180}}}, "tta.views.b is the same view as tta.views.a"),
        ({"views": {"a": {}}, "scales": [0.5]}, "leave out tta.scales"),
    ],
)
def test_wrong_settings_say_so(arguments, word):
    with pytest.raises(ConfigError, match=word) as caught:
        TTA(**arguments)
    assert "\n" not in str(caught.value)


def test_a_window_larger_than_the_image_is_refused(conv, images):
    with pytest.raises(ConfigError, match=r"window=32 is larger than the image.*24x40.*image_size=64") as caught:
        TTA(sliding=Sliding(32))(conv(1), images(11))
    assert "\n" not in str(caught.value)
