"""The set loss of networks that answer with masks, for semantic maps with ignored pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from trashseg.models.hf.points import Points, sample_uncertain
from trashseg.types import IGNORE_INDEX


@dataclass(frozen=True)
class Labels:
    """What one image shows.

    Args:
        classes: (M,) int64, the classes that are there, background included.
        masks: (M, H, W) float in {0, 1}, one for each.
        ignored: (1, H, W) float in {0, 1}.
    """

    classes: torch.Tensor
    masks: torch.Tensor
    ignored: torch.Tensor


def labels_of(target: torch.Tensor) -> list[Labels]:
    """Take class maps (N, H, W) apart into one mask for every class of every image."""
    result = []
    for image in target:
        ignored = image == IGNORE_INDEX
        classes = image[~ignored].unique()
        result.append(Labels(classes.long(), (image == classes.view(-1, 1, 1)).float(), ignored[None].float()))
    return result


@dataclass(frozen=True)
class SetLoss:
    """The loss of Mask2Former (Cheng et al. 2022): matched masks at sampled points, and the class of every query.

    For each layer the queries are matched one to one to the masks of the image at the least cost (Hungarian method),
    in which class, cross-entropy and Dice of the masks weigh as in the loss. Without ignored pixels it is
    transformers' own loss for the same state of torch's random generator.

    Ignored pixels: no point is drawn among the uncertain ones where an ignored pixel takes part in the interpolation,
    and a random point counts by the share of valid pixels in it. A prediction is reached by no gradient of ``mask``
    and ``dice`` where all target pixels that its interpolation touches are ignored. The class of a query has no
    place in the image; an image of ignored pixels alone leaves ``class`` unchanged.

    Each process divides by its own number of masks, as the other losses divide by their own pixels.

    Args:
        class_weight: of the class part, in matching and loss.
        mask_weight: of the masks' cross-entropy.
        dice_weight: of the masks' Dice.
        no_object_weight: of a query without mask, in the class part.
        num_points: points a mask.
        oversample_ratio: points drawn for each of which the uncertain ones are taken.
        importance_sample_ratio: the share of points that are uncertain ones; the rest is random.
    """

    class_weight: float
    mask_weight: float
    dice_weight: float
    no_object_weight: float
    num_points: int
    oversample_ratio: float
    importance_sample_ratio: float

    def __call__(
        self, outputs: Sequence[tuple[torch.Tensor, torch.Tensor]], target: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the parts ``class``, ``mask`` and ``dice``, weighted and summed over the layers.

        Args:
            outputs: of each layer the mask logits (N, Q, h, w) and class logits (N, Q, K + 1), no object last.
            target: (N, H, W) class ids, or 255 for ignored pixels.
        """
        labels = labels_of(target)
        layers = [self._layer(masks.float(), classes.float(), labels) for masks, classes in outputs]
        parts = torch.stack([torch.stack(layer) for layer in layers]).sum(0)
        weights = (self.class_weight, self.mask_weight, self.dice_weight)
        return {
            name: weight * part for name, weight, part in zip(("class", "mask", "dice"), weights, parts, strict=True)
        }

    def _layer(
        self, masks: torch.Tensor, classes: torch.Tensor, labels: Sequence[Labels]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        pairs = [self._match(*one) for one in zip(masks, classes, labels, strict=True)]
        logits = torch.cat([mask[queries] for mask, (queries, _) in zip(masks, pairs, strict=True)])
        mask_loss, dice_loss = self._masks(logits, labels, [found for _, found in pairs])
        return self._classes(classes, labels, pairs), mask_loss, dice_loss

    @torch.no_grad()
    def _match(self, masks: torch.Tensor, classes: torch.Tensor, labels: Labels) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which query (M,) goes with which mask (M,) of one image."""
        from scipy.optimize import linear_sum_assignment

        where = torch.rand(1, self.num_points, 2, device=masks.device)
        points = Points.at(where, masks[None], labels.masks[None], labels.ignored[None])
        logits, target, weight = points.logits[0], points.target[0], points.weight[0]
        inside, outside = (weight * target).T, (weight * (1 - target)).T
        total = weight.sum().clamp_min(1)
        mask = functional.softplus(-logits) @ inside + functional.softplus(logits) @ outside
        probs = logits.sigmoid()
        overlap, sizes = 2 * (probs @ inside), (probs * weight).sum(1, keepdim=True) + inside.sum(0)
        cost = self.mask_weight * mask / total + self.dice_weight * (1 - (overlap + 1) / (sizes + 1))
        cost = cost - self.class_weight * classes.softmax(-1)[:, labels.classes]
        worst = torch.finfo(cost.dtype).max  # a prediction that is not finite is matched last
        pairs = linear_sum_assignment(torch.nan_to_num(cost, nan=worst, posinf=worst, neginf=worst).cpu().numpy())
        queries, found = (torch.as_tensor(index, device=masks.device) for index in pairs)
        return queries, found

    def _masks(
        self, logits: torch.Tensor, labels: Sequence[Labels], found: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return cross-entropy and Dice of the matched masks (M, h, w)."""
        if not len(logits):
            return logits.sum(), logits.sum()
        masks = torch.cat([one.masks[index] for one, index in zip(labels, found, strict=True)])[:, None]
        ignored = torch.cat([one.ignored.expand(len(index), -1, -1) for one, index in zip(labels, found, strict=True)])
        with torch.no_grad():
            where = sample_uncertain(
                logits[:, None], ignored[:, None], self.num_points, self.oversample_ratio, self.importance_sample_ratio
            )
        points = Points.at(where, logits[:, None], masks, ignored[:, None])
        drawn, target, weight = points.logits[:, 0], points.target[:, 0], points.weight[:, 0]
        entropy = functional.binary_cross_entropy_with_logits(drawn, target, reduction="none")
        mask = (weight * entropy).sum(1) / weight.sum(1).clamp_min(1)
        probs = drawn.sigmoid() * weight
        dice = 1 - (2 * (probs * target).sum(1) + 1) / (probs.sum(1) + (weight * target).sum(1) + 1)
        return mask.sum() / len(logits), dice.sum() / len(logits)

    def _classes(
        self, logits: torch.Tensor, labels: Sequence[Labels], pairs: Sequence[tuple[torch.Tensor, torch.Tensor]]
    ) -> torch.Tensor:
        """Return the weighted mean of every query's cross-entropy; one without mask has the class no object."""
        num_classes = logits.shape[-1] - 1
        target = torch.full(logits.shape[:2], num_classes, device=logits.device)
        weight = torch.full(logits.shape[:2], self.no_object_weight, device=logits.device)
        for i, (one, (queries, found)) in enumerate(zip(labels, pairs, strict=True)):
            target[i, queries], weight[i, queries] = one.classes[found], 1.0
            if not len(one.classes):
                weight[i] = 0.0
        entropy = functional.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        return (weight * entropy).sum() / weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)
