"""Weights that others published: whole networks strictly, other numbers of classes when asked, backbones."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import timm.models.swin_transformer as timm_swin
import torch

from trashseg.models.knet import KNet, Swin, UPerHead
from trashseg.types import WeightsError

State = dict[str, torch.Tensor]


def tiny(num_classes: int = 3, **options: Any) -> KNet:
    backbone = Swin(8, [1, 1, 1, 1], [1, 1, 1, 1], window_size=4, timm_name=options.pop("timm_name", None))
    update = {"num_heads": 2, "ffn_channels": 16, "updator_channels": 4}
    options = {"num_stages": 2, "update": update, "aux_channels": 4, "pretrained": False, **options}
    return KNet(backbone, partial(UPerHead, channels=8), num_classes, **options)


def save(path: Path, state: State, wrapper: str = "state_dict") -> str:
    torch.save({wrapper: state, "meta": {"CLASSES": ("a", "b")}}, path)
    return str(path)


def same(a: KNet, b: KNet) -> bool:
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.mark.parametrize("prefix", ["", "module.", "net."])
def test_whole_network_loads(tmp_path: Path, prefix: str) -> None:
    source = tiny()
    state = {f"{prefix}{name}": value for name, value in source.state_dict().items()}
    if prefix == "net.":
        state["pixel_loss.weight"] = torch.ones(3)  # a checkpoint of ours holds more than the network
    loaded = tiny(weights=save(tmp_path / "knet.pth", state))
    assert same(source, loaded)


def test_plain_heads_of_mmsegmentation_load_one_level_down(tmp_path: Path) -> None:
    source = tiny(num_stages=0)
    state = {name.replace("kernel_generate_head.", ""): value for name, value in source.state_dict().items()}
    assert "decode_head.conv_seg.weight" in state
    assert same(source, tiny(num_stages=0, weights=save(tmp_path / "upernet.pth", state)))


def test_other_number_of_classes_only_when_asked(tmp_path: Path) -> None:
    source = tiny(5)
    path = save(tmp_path / "ade.pth", source.state_dict())
    with pytest.raises(WeightsError, match=r"for 5 classes, this run has 3; model\.resize_head=true"):
        tiny(3, weights=path)
    loaded = tiny(3, weights=path, resize_head=True)
    for name, value in loaded.state_dict().items():
        if "conv_seg" in name:
            assert value.shape[0] == 3
        else:
            assert torch.equal(value, source.state_dict()[name])


@pytest.mark.parametrize("resize_head", [False, True])
@pytest.mark.parametrize("change", ["missing", "extra", "shape", "stage", "lost head"])
def test_anything_else_that_differs_is_refused(tmp_path: Path, change: str, resize_head: bool) -> None:
    state = dict(tiny().state_dict())
    name = "decode_head.kernel_update_head.0.fc_mask.weight"
    if change == "missing":
        del state[name]
    elif change == "extra":
        name = "decode_head.fresh.weight"
        state[name] = torch.ones(2)
    elif change == "shape":
        state[name] = torch.ones(2, 2)
    elif change == "stage":
        state = {key: value for key, value in state.items() if "kernel_update_head.1." not in key}
        name = "decode_head.kernel_update_head.1."
    else:
        name = "auxiliary_head.conv_seg.weight"
        del state[name]
    path = save(tmp_path / "knet.pth", state)
    with pytest.raises(WeightsError) as caught:
        tiny(weights=path, resize_head=resize_head)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_backbone_alone_loads_from_timms_file(tmp_path: Path) -> None:
    theirs = timm_swin.SwinTransformer(
        img_size=128, window_size=4, embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1), always_partition=True
    )
    loaded = tiny(weights=save(tmp_path / "swin.pth", theirs.state_dict(), wrapper="model"))
    state = loaded.backbone.state_dict()
    assert torch.equal(state["patch_embed.projection.weight"], theirs.patch_embed.proj.weight)
    assert torch.equal(state["stages.3.blocks.0.ffn.layers.1.weight"], theirs.layers[3].blocks[0].mlp.fc2.weight)
    assert torch.equal(state["norm2.weight"], torch.ones(32))


def test_backbone_of_another_size_is_refused(tmp_path: Path) -> None:
    other = Swin(16, [1, 1, 1, 1], [1, 1, 1, 1], window_size=4)
    with pytest.raises(
        WeightsError, match=r"patch_embed\.projection\.weight: \(16, 3, 4, 4\) instead of \(8, 3, 4, 4\)"
    ):
        tiny(weights=save(tmp_path / "swin.pth", other.state_dict()))


def test_never_silently_random(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"timm_name names no published weights"):
        tiny(pretrained=True)
    asked: list[str] = []

    def published(name: str) -> tuple[State, str]:
        asked.append(name)
        return dict(Swin(8, [1, 1, 1, 1], [1, 1, 1, 1], window_size=4).state_dict()), "the hub"

    monkeypatch.setattr("trashseg.models.knet.net.timm_state", published)
    tiny(pretrained=True, timm_name="swin_tiny_patch4_window7_224.ms_in1k")
    assert asked == ["swin_tiny_patch4_window7_224.ms_in1k"]
