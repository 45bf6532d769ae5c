"""What cannot be built is refused in one line that names what to use instead."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import segmentation_models_pytorch as smp
import timm

from trashseg.models.smp_fit import ARCHITECTURES, REFUSALS, Fit, find_fit
from trashseg.models.timm_names import check_timm
from trashseg.types import ConfigError, did_you_mean

OURS = ("self", "encoder_name", "encoder_weights", "classes", "in_channels", "activation", "aux_params", "kwargs")
"""Arguments of SMP's architectures that the contract settles."""

ODD_PATCHES = r"broadcast|must match the size"

REASONS = (
    (r"^$|unexpected keyword argument.*output_stride", "the encoder cannot be dilated to the architecture's stride"),
    (r"forward_intermediates|Depth of the encoder", "DPT takes plain ViTs"),
    (ODD_PATCHES, "the encoder's maps have no sizes that the decoder could add"),
    (r"downsampling pattern", "the encoder's maps are no pyramid of strides 2 or 4 to 32"),
)
"""What the libraries say, or leave unsaid, in clearer words."""

WIDE = ("UPerNet", "FPN", "Unet", "DPT")
"""Architectures to offer instead: between them they take any encoder."""


def check_names(arch: str, encoder_name: str) -> None:
    """Refuse names that neither library knows, naming the nearest ones.

    Raises:
        ConfigError: an unknown architecture, encoder, or tag of a timm model.
    """
    if arch not in ARCHITECTURES:
        same = [name for name in ARCHITECTURES if name.lower() == arch.lower()]
        raise ConfigError(f"model.arch={arch} does not exist. {did_you_mean(arch, same or ARCHITECTURES)}")
    if encoder_name.startswith("tu-"):
        check_timm(encoder_name.removeprefix("tu-"), f"model.encoder_name={encoder_name}")
    elif encoder_name not in smp.encoders.encoders:
        bare = encoder_name.removeprefix("timm-")
        if timm.is_model(bare):
            raise ConfigError(f"model.encoder_name={encoder_name} does not exist. Did you mean tu-{bare}?")
        help_ = did_you_mean(encoder_name, smp.encoders.get_encoder_names())
        raise ConfigError(f"model.encoder_name={encoder_name} does not exist. {help_} Any timm model works as tu-NAME.")


def checked_fit(arch: str, encoder_name: str, options: Mapping[str, Any], multiple: int | None) -> Fit:
    """Return what the pair needs.

    Raises:
        ConfigError: an unknown name or option, or a pair that does not go together.
    """
    check_names(arch, encoder_name)
    unknown = [key for key in options if key not in taken(arch)]
    if unknown and not encoder_name.startswith("tu-"):
        raise _unknown_option(unknown[0], arch, encoder_name)
    try:
        return find_fit(arch, encoder_name, options, multiple)
    except REFUSALS as error:
        raise _explained(error, arch, encoder_name, options, multiple) from error


def taken(arch: str) -> list[str]:
    """Return the options that an architecture takes."""
    return [name for name in inspect.signature(ARCHITECTURES[arch].__init__).parameters if name not in OURS]


def _unknown_option(key: str, arch: str, encoder_name: str) -> ConfigError:
    known = taken(arch)
    near = difflib.get_close_matches(key, known, n=1)
    help_ = f"Did you mean {near[0]}? " if near else ""
    return ConfigError(
        f"model.options.{key}: neither {arch} nor {encoder_name} takes it. {help_}{arch} takes {', '.join(known)}."
    )


def _explained(
    error: Exception, arch: str, encoder_name: str, options: Mapping[str, Any], multiple: int | None
) -> ConfigError:
    """Return the error in the user's words, with what works instead."""
    keyword = re.search(r"unexpected keyword argument.*?'(\w+)'", str(error))
    if keyword and keyword[1] in options:
        return _unknown_option(keyword[1], arch, encoder_name)
    free = _try(arch, encoder_name, options) if multiple is not None else None
    if free is not None:
        return ConfigError(
            f"model.multiple={multiple} does not suit {arch} over {encoder_name}: leave it null, or give a multiple "
            f"of {free.multiple}."
        )
    said = (str(error).strip().splitlines() or [""])[0]
    reason = next((words for pattern, words in REASONS if re.search(pattern, said)), said).rstrip(".")
    if options and _try(arch, encoder_name, {}) is not None:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        return ConfigError(f"model.options ({given}) do not suit {arch} over {encoder_name}: {reason}.")
    instead = ", ".join(_instead(arch, encoder_name, options)) or "another encoder"
    return ConfigError(
        f"model.arch={arch} cannot be built with model.encoder_name={encoder_name} ({reason}); what works: {instead}."
    )


def _instead(arch: str, encoder_name: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield overrides with which the network can be built."""
    strides = (16, 32) if "encoder_output_stride" in taken(arch) else ()
    for stride in strides:
        if _try(arch, encoder_name, {**options, "encoder_output_stride": stride}) is not None:
            yield f"+model.options.encoder_output_stride={stride}"
    others = (other for other in WIDE if other != arch and _try(other, encoder_name, {}) is not None)
    yield from (f"model.arch={other}" for other in islice(others, 2))
    kin = _kin(encoder_name.removeprefix("timm-")) if not encoder_name.startswith("tu-") else ()
    found = (name for name in kin if _try(arch, f"tu-{name}", {}) is not None)
    yield from (f"model.encoder_name=tu-{name}" for name in islice(found, 1))
    if encoder_name.startswith("tu-") and _is_odd_vit(encoder_name):
        yield f"model=dpt_dinov2 model.backbone={encoder_name.removeprefix('tu-')}"


def _is_odd_vit(encoder_name: str) -> bool:
    """Say whether an encoder is a plain ViT whose patches SMP's DPT cannot bring to strides 4 to 32."""
    try:
        find_fit("DPT", encoder_name, {})
    except REFUSALS as error:
        return re.search(ODD_PATCHES, str(error)) is not None
    return False


def _kin(name: str) -> list[str]:
    """Return timm's model of that name, and the first ones whose names begin alike."""
    stem = re.split(r"[-_\d]", name)[0]
    return [*([name] if timm.is_model(name) else []), *timm.list_models(f"{stem}*")[:3]]


def _try(arch: str, encoder_name: str, options: Mapping[str, Any]) -> Fit | None:
    try:
        return find_fit(arch, encoder_name, options)
    except REFUSALS:
        return None
