"""Networks of transformers that answer with masks: its semantic maps, its loss, and what ignored pixels may not do."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD, freeze_unused
from trashseg.models.hf import HFQueryNet
from trashseg.models.hf.points import Points, sample_uncertain
from trashseg.models.hf.set_loss import SetLoss, labels_of
from trashseg.types import ConfigError, WeightsError

from .test_hf import SWIN, assert_started, image, publish, stir, watch_calls

transformers = pytest.importorskip("transformers")

NUM_CLASSES = 11
VIT = {
    "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "image_size": 64, "num_blocks": 2,
    "num_queries": 12, "train_num_points": 128,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "mask2former": {
        "model_type": "mask2former", "feature_size": 32, "mask_feature_size": 32, "hidden_dim": 32,
        "encoder_feedforward_dim": 16, "encoder_layers": 1, "decoder_layers": 4, "num_attention_heads": 2,
        "dim_feedforward": 16, "num_queries": 12, "train_num_points": 128, "backbone_config": SWIN,
    },
    "eomt": {"model_type": "eomt", **VIT},
    "eomt_dinov3": {"model_type": "eomt_dinov3", **VIT, "intermediate_size": 16},
}  # fmt: skip
LOSS = SetLoss(
    class_weight=2.0, mask_weight=5.0, dice_weight=5.0, no_object_weight=0.1, num_points=200, oversample_ratio=3.0,
    importance_sample_ratio=0.75,
)  # fmt: skip


@pytest.fixture(params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def build(kind: str, num_classes: int = NUM_CLASSES, **options: Any) -> HFQueryNet:
    torch.manual_seed(0)
    return HFQueryNet(CONFIGS[kind], num_classes, mean=IMAGENET_MEAN, std=IMAGENET_STD, **options)


def original(net: HFQueryNet) -> Any:
    """The model as transformers has it, with the weights of ``net``."""
    config = copy.deepcopy(net.net.config)
    model = transformers.AutoModelForUniversalSegmentation.from_config(config)
    assert model.load_state_dict(net.net.state_dict(), strict=False).missing_keys == ["criterion.empty_weight"]
    return model.train(net.training)


def patches(*shape: int, seed: int = 0) -> torch.Tensor:
    """Class maps of large squares, a few classes each."""
    coarse = torch.randint(0, 4, (shape[0], 1, 4, 4), generator=torch.Generator().manual_seed(seed)).float() * 3
    return functional.interpolate(coarse, size=shape[1:])[:, 0].long()


# --- against transformers itself


def test_maps_and_scores_are_those_of_transformers(kind: str) -> None:
    side = 384 if kind == "mask2former" else 64  # its post-processing resizes all masks to 384 x 384
    net = build(kind, pretrained=False).eval()
    stir(net.net)
    with torch.no_grad():
        for name, parameter in net.net.named_parameters():
            if "mask_embedder.2" in name or name.endswith(("fc3.weight", "class_predictor.weight")):
                parameter *= 4  # masks with edges, and queries that differ
    processor = transformers.Mask2FormerImageProcessor() if kind == "mask2former" else transformers.EomtImageProcessor()
    sizes = {} if kind == "mask2former" else {"size": {"shortest_edge": side, "longest_edge": side}}
    x = image(2, 3, side, side) * patches(2, side, side)[:, None] / 9
    with torch.no_grad():
        outputs = original(net)(pixel_values=(x - net.mean) / net.std)
        logits = net(x)
    theirs = processor.post_process_semantic_segmentation(
        outputs, target_sizes=[(side, side)] * 2, return_segmentation_scores=True, **sizes
    )
    for ours, one in zip(logits, theirs, strict=True):
        scores = one["segmentation_scores"]
        torch.testing.assert_close(ours.softmax(0), scores / scores.sum(0), rtol=1e-4, atol=1e-6)
        first, second = scores.topk(2, dim=0).values
        clear = first - second > 1e-4 * first
        assert clear.float().mean() > 0.98
        assert torch.equal(ours.argmax(0)[clear], one["segmentation"][clear])
    assert len(logits.argmax(1).unique()) > 1
    torch.testing.assert_close(logits.logsumexp(1), torch.zeros(2, side, side), rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_loss_and_gradients_are_those_of_transformers(kind: str, training: bool) -> None:
    net = build(kind, pretrained=False).train(training)
    stir(net.net).train(training)
    model = original(net)
    x, target = image(2, 3, 64, 96), patches(2, 64, 96)
    labels = labels_of(target)
    assert [len(one.classes) for one in labels] != [1, 1]
    torch.manual_seed(5)
    parts = net.training_loss(x, target, functional.cross_entropy)
    torch.manual_seed(5)
    if kind != "mask2former":
        model.grid_size = (4, 6)
        if kind == "eomt":
            model.embeddings = net.net.embeddings  # its own fit one size alone
    theirs = model(
        pixel_values=(x - net.mean) / net.std,
        mask_labels=[one.masks for one in labels],
        class_labels=[one.classes for one in labels],
    ).loss
    assert list(parts) == ["class", "mask", "dice"]
    total = torch.stack(list(parts.values())).sum()
    torch.testing.assert_close(total, theirs.reshape(()), rtol=1e-5, atol=1e-5)
    names = ["class_predictor.weight", *[name for name, _ in net.net.named_parameters() if "norm" in name][:8]]
    ours = torch.autograd.grad(total, [net.net.get_parameter(name) for name in names], allow_unused=True)
    others = torch.autograd.grad(theirs, [model.get_parameter(name) for name in names], allow_unused=True)
    assert sum(gradient is not None for gradient in ours) > 4
    for gradient, other in zip(ours, others, strict=True):
        assert (gradient is None) == (other is None)
        if gradient is not None:
            assert (gradient - other).norm() <= 1e-3 * other.norm() + 1e-5


# --- ignored pixels


def predictions(height: int = 32, width: int = 32, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.randn(2, 10, height, width, generator=generator)
    return masks, torch.randn(2, 10, NUM_CLASSES + 1, generator=generator)


def with_hole() -> tuple[torch.Tensor, torch.Tensor]:
    """Class maps with an ignored square, and the pixels whose neighbours are ignored too."""
    target = patches(2, 32, 32)
    target[:, 8:24, 4:20] = 255
    inner = torch.zeros(32, 32, dtype=torch.bool)
    inner[9:23, 5:19] = True
    return target, inner


def test_predictions_at_ignored_pixels_do_not_matter() -> None:
    target, inner = with_hole()
    masks, classes = predictions()
    losses = []
    for value in (0.0, 30.0):
        torch.manual_seed(4)
        losses.append(LOSS([(masks.masked_fill(inner, value), classes)], target))
    assert losses[0] == losses[1]


def test_no_gradient_reaches_predictions_at_ignored_pixels() -> None:
    target, inner = with_hole()
    masks, classes = predictions()
    masks.requires_grad_()
    parts = LOSS([(masks, classes)], target)
    (gradient,) = torch.autograd.grad(parts["mask"] + parts["dice"], masks)
    assert (gradient[..., inner] == 0).all()
    assert (gradient[..., ~inner] != 0).any(1).float().mean() > 0.3


def test_the_mask_does_not_fall_off_towards_ignored_pixels() -> None:
    target = torch.full((1, 16, 16), 3)
    target[:, :, 8:] = 255
    (one,) = labels_of(target)
    assert one.classes.tolist() == [3]
    where = torch.rand(1, 500, 2, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    points = Points.at(where, one.masks[None], one.masks[None], one.ignored[None])
    torch.testing.assert_close(points.target[points.weight > 1e-3], torch.ones(()).expand((points.weight > 1e-3).sum()))
    # x in pixels, from the centre of the first: full weight up to the last valid centre, none from the next on.
    x = where[0, :, 0] * 16 - 0.5
    torch.testing.assert_close(points.weight[0, 0], (8 - x).clamp(0, 1), rtol=0, atol=1e-5)


def test_uncertain_points_lie_on_valid_pixels() -> None:
    ignored = torch.zeros(2, 1, 16, 16)
    ignored[..., 8:] = 1
    # The ignored half is the most uncertain one.
    logits = torch.where(ignored > 0, 0.0, 5.0) + torch.rand(2, 1, 16, 16)
    where = sample_uncertain(logits, ignored, 100, 3.0, 0.75)
    assert where.shape == (2, 100, 2)
    assert (where[:, :75, 0] < 8 / 16).all()
    assert (where[:, 75:, 0] > 8 / 16).any()


def test_images_of_ignored_pixels_alone() -> None:
    target = torch.full((2, 32, 32), 255)
    masks, classes = (tensor.requires_grad_() for tensor in predictions())
    parts = LOSS([(masks, classes)], target)
    assert {name: part.item() for name, part in parts.items()} == {"class": 0, "mask": 0, "dice": 0}
    gradients = torch.autograd.grad(torch.stack(list(parts.values())).sum(), [masks, classes])
    assert all((gradient == 0).all() for gradient in gradients)
    # Beside a labelled one it changes nothing of the classes' part.
    target[0] = patches(1, 32, 32)[0]
    torch.manual_seed(0)
    both = LOSS([(masks, classes)], target)["class"]
    torch.manual_seed(0)
    torch.testing.assert_close(both, LOSS([(masks[:1], classes[:1])], target[:1])["class"])


def test_whole_network_with_ignored_images(kind: str) -> None:
    net = build(kind, pretrained=False)
    freeze_unused(net)
    parts = net.training_loss(image(1, 3, 64, 64), torch.full((1, 64, 64), 255), functional.cross_entropy)
    torch.stack(list(parts.values())).sum().backward()
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in trained)


def test_padding_counts_as_ignored() -> None:
    net = build("mask2former", pretrained=False)
    seen: list[torch.Tensor] = []
    object.__setattr__(net, "set_loss", lambda _, target: seen.append(target) or {})
    net.training_loss(image(1, 3, 50, 70), torch.ones(1, 50, 70, dtype=torch.int64), functional.cross_entropy)
    assert seen[0].shape == (1, 64, 96)
    assert (seen[0] == 255).sum() == 64 * 96 - 50 * 70


# --- sizes, precision, copies


def test_any_size(kind: str) -> None:
    net = build(kind, pretrained=False).eval()
    with torch.no_grad():
        for size in ((48, 48), (33, 65), (96, 160)):
            logits = net(image(2, 3, *size))
            assert logits.shape == (2, NUM_CLASSES, *size)
            assert logits.isfinite().all()
    parts = net.train().training_loss(image(2, 3, 70, 90), patches(2, 70, 90), functional.cross_entropy)
    assert all(part.isfinite() for part in parts.values())
    assert net.net.criterion.outputs == []


def test_positions_of_eomt_are_resized() -> None:
    net = build("eomt", pretrained=False).eval()
    stir(net.net)
    ours, theirs = net.net.embeddings, original(net).embeddings
    with torch.no_grad():
        torch.testing.assert_close(ours(image(1, 3, 64, 64)), theirs(image(1, 3, 64, 64)))
        # Constant positions stay what they are at any size.
        ours.position_embeddings.weight[:] = 2.0
        tokens = ours(torch.zeros(1, 3, 96, 32))[0, 5:]
        torch.testing.assert_close(tokens, (ours.patch_embeddings.projection.bias + 2).expand(12, -1))


def test_mixed_precision(kind: str) -> None:
    net = build(kind, pretrained=False)
    dtypes: set[torch.dtype] = set()
    if kind == "mask2former":
        decoder: Any = net.net.get_submodule("model.pixel_level_module.decoder.input_projections")
        for layer in decoder.modules():
            layer.register_forward_hook(lambda *values: dtypes.add(values[2].dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        parts = net.training_loss(image(2, 3, 64, 64), patches(2, 64, 64), functional.cross_entropy)
        logits = net.eval()(image(1, 3, 64, 64))
    assert all(part.dtype == torch.float32 and part.isfinite() for part in parts.values())
    assert logits.dtype == torch.float32
    assert dtypes == ({torch.float32} if kind == "mask2former" else set())
    torch.stack(list(parts.values())).sum().backward()


def test_a_copy_is_a_network_of_its_own(kind: str) -> None:
    net = build(kind, pretrained=False).eval()
    other, x, target = copy.deepcopy(net), image(1, 3, 64, 64), patches(1, 64, 64)
    expected = []
    for zero in (False, True):
        if zero:
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.zero_()
        torch.manual_seed(0)
        with torch.no_grad():
            expected.append(other.training_loss(x, target, functional.cross_entropy))
    assert expected[0] == expected[1]


def test_grad_checkpointing_recomputes_and_changes_nothing(kind: str) -> None:
    gradients, calls = [], []
    for checkpointing in (False, True):
        net = build(kind, pretrained=False, grad_checkpointing=checkpointing)
        count = watch_calls(net, (".mlp",))
        torch.manual_seed(1)
        parts = net.training_loss(image(2, 3, 64, 64), patches(2, 64, 64), functional.cross_entropy)
        torch.stack(list(parts.values())).sum().backward()
        gradients.append({name: value.grad for name, value in net.named_parameters() if value.grad is not None})
        calls.append(set(count.values()))
    assert calls == [{1}, {2}]
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


# --- weights


def test_weights_of_another_number_of_classes(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    own = HFQueryNet.kinds()[kind]
    kinds = {kind: own.__mro__[1]}  # as transformers has it, with its own loss
    published = publish(CONFIGS[kind], kinds, tmp_path)
    capfd.readouterr()
    net = build(kind, weights=str(tmp_path))
    assert_started(net, published, ("class_predictor.",), NUM_CLASSES + 1)
    assert capfd.readouterr() == ("", "")


def test_published_files_without_the_backbones_last_norm(tmp_path: Path) -> None:
    """Those of Mask2Former were written before transformers gave Swin a norm that segmentation never uses."""
    publish(CONFIGS["mask2former"], {"mask2former": transformers.Mask2FormerForUniversalSegmentation}, tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    spare = [name for name in state if name.startswith("model.pixel_level_module.encoder") and "layernorm." in name]
    spare = [name for name in spare if "layers" not in name]
    assert len(spare) == 2
    save_file({name: value for name, value in state.items() if name not in spare}, file)
    frozen = freeze_unused(build("mask2former", weights=str(tmp_path)))
    assert len(frozen) == 2
    assert all(name.endswith(("swin.layernorm.weight", "swin.layernorm.bias")) for name in frozen)
    gone = next(name for name in state if "pixel_level_module.encoder" in name and "hidden_states_norms" in name)
    save_file({name: value for name, value in state.items() if name not in [*spare, gone]}, file)
    with pytest.raises(WeightsError, match=r"hidden_states_norms.*missing \(1 of"):
        build("mask2former", weights=str(tmp_path))


def test_weights_from_a_checkpoint_of_our_own(kind: str, tmp_path: Path) -> None:
    before = build(kind, pretrained=False)
    stir(before.net)
    state = {f"net.{name}": value for name, value in before.state_dict().items()}
    torch.save({"state_dict": state, "config": {}, "classes": {}}, tmp_path / "best.ckpt")
    after = build(kind, weights=str(tmp_path / "best.ckpt"))
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in after.state_dict().items())


def test_a_model_of_the_other_class_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model_type=segformer cannot be used here\. Available: eomt, eomt_dinov3"):
        HFQueryNet({"model_type": "segformer"}, 3, pretrained=False, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def test_it_learns() -> None:
    net = build("mask2former", pretrained=False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    target = patches(1, 64, 64)
    x = (target[:, None] / 9 + torch.tensor([0.0, 0.1, 0.2]).view(1, 3, 1, 1)).clamp(0, 1)
    losses = []
    for _ in range(40):
        loss = torch.stack(list(net.training_loss(x, target, functional.cross_entropy).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]
    with torch.no_grad():
        assert (net.eval()(x).argmax(1) == target).float().mean() > 0.8
