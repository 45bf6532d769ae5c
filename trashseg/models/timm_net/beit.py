"""BEiT for images of any size: timm's takes one size alone, by its tables of relative positions."""

from __future__ import annotations

import torch
from timm.models.beit import Attention, Beit, gen_relative_position_index
from torch import nn
from torch.nn import functional


class AnySizeAttention(Attention):
    """timm's attention of BEiT whose table of relative positions is resized to the grid at hand.

    Bao et al. (2021) resize the tables once, to the size of fine-tuning; here every other grid follows them, bilinear,
    and the gradient goes through. At the size that the model was built for nothing differs from timm.
    """

    grid: tuple[int, int] | None = None
    index: torch.Tensor | None = None

    def _get_rel_pos_bias(self) -> torch.Tensor:
        if self.grid is None or self.index is None or self.grid == tuple(self.window_size):
            original: torch.Tensor = super()._get_rel_pos_bias()
            return original
        table = resize_table(self.relative_position_bias_table, tuple(self.window_size), self.grid)
        side = len(self.index)
        return table[self.index.view(-1)].view(side, side, -1).permute(2, 0, 1).contiguous().unsqueeze(0)


class AnySizeBeit(nn.Module):
    """timm's feature extractor around a BEiT, for any multiples of the patch.

    Args:
        extractor: what ``timm.create_model("beit...", features_only=True)`` returns; its attentions change in place,
            so that the names in the state dict stay timm's.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        self.extractor = extractor
        beit = extractor.get_submodule("model")
        beit.patch_embed.strict_img_size = False  # type: ignore[union-attr]
        self.patch: tuple[int, int] = beit.patch_embed.patch_size  # type: ignore[union-attr,assignment]
        for attention in self.attentions():
            attention.__class__ = AnySizeAttention

    @staticmethod
    def is_needed(extractor: nn.Module) -> bool:
        """Say whether timm's ``extractor`` holds a BEiT with tables of relative positions."""
        return isinstance(getattr(extractor, "model", None), Beit)

    def attentions(self) -> list[AnySizeAttention]:
        """Return the attention of every block."""
        return [block.attn for block in self.extractor.get_submodule("model.blocks").children()]  # type: ignore[misc]

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return maps (N, C, h, w) of x (N, 3, H, W), H and W multiples of the patch."""
        grid = (x.shape[-2] // self.patch[0], x.shape[-1] // self.patch[1])
        attentions = self.attentions()
        first = attentions[0]
        if first.grid != grid or first.index is None or first.index.device != x.device:
            index = gen_relative_position_index(grid, device=x.device)
            for attention in attentions:
                attention.grid, attention.index = grid, index
        maps: list[torch.Tensor] = self.extractor(x)
        return maps


def resize_table(table: torch.Tensor, old: tuple[int, int], new: tuple[int, int]) -> torch.Tensor:
    """Return a table of relative positions for the grid ``new`` (height, width), made from that of the grid ``old``.

    Args:
        table: (R, heads); the first (2h - 1)(2w - 1) rows are offsets between patches, row by row, the last three
            concern the class token and stay.
        old: (h, w) in patches.
        new: (h, w) in patches.
    """
    (old_height, old_width), (height, width) = ((2 * side[0] - 1, 2 * side[1] - 1) for side in (old, new))
    offsets = table[: old_height * old_width].T.reshape(1, -1, old_height, old_width)
    resized = functional.interpolate(offsets, (height, width), mode="bilinear", align_corners=False)
    return torch.cat([resized.flatten(2)[0].T, table[old_height * old_width :]])
