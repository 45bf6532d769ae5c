"""Gradient checkpointing of timm's encoders: blocks are computed again in the backward pass instead of kept."""

from __future__ import annotations

from torch import nn

from trashseg.types import ConfigError


def recompute_encoder(encoder: nn.Module, encoder_name: str) -> None:
    """Let ``encoder`` keep only what enters its blocks or stages for the backward pass.

    Batch norms see each batch twice: their running statistics follow the newest batches a little faster.

    Raises:
        ConfigError: the encoder cannot do so.
    """
    model = getattr(encoder, "model", None)
    if not isinstance(model, nn.Module) or not encoder_name.startswith("tu-"):
        raise ConfigError(
            f"model.grad_checkpointing=true needs an encoder of timm, not SMP's own {encoder_name}; "
            "most are there as model.encoder_name=tu-NAME."
        )
    # timm's feature extractors replace the model whose method would reach its stages. Theirs treats whole stages as
    # one, and leaves the last one out.
    stages = [part for part in model.modules() if part is not model and hasattr(part, "grad_checkpointing")]
    for stage in stages:
        stage.grad_checkpointing = True  # type: ignore[assignment]
    if stages:
        return
    try:
        model.set_grad_checkpointing(True)  # type: ignore[operator]
    except (AttributeError, AssertionError) as error:
        raise ConfigError(
            f"model.grad_checkpointing=true: timm's {encoder_name.removeprefix('tu-')} does not support it; "
            "set it to false, or take a smaller data.batch_size or data.crop_size."
        ) from error
