"""The backbone rests while the decoder, which starts from random weights, finds its feet."""

from __future__ import annotations

import logging

import lightning.pytorch as pl
from torch import nn
from torch.optim import Optimizer

from trashseg.types import ConfigError

log = logging.getLogger(__name__)


class FreezeBackbone(pl.Callback):
    """Train only what is not the backbone's, whose normalisations keep their statistics meanwhile.

    What is the backbone's is said by the network's ``backbone_prefixes``. The state follows from the epoch alone, so
    that a resumed run goes on as the uninterrupted one.

    Args:
        epochs: the first so many epochs; 0: none, -1: all.

    Raises:
        ConfigError: another number.
    """

    def __init__(self, epochs: int = 0) -> None:
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < -1:
            raise ConfigError(f"callbacks.freeze.epochs={epochs}; give a whole number, 0 for none, -1 for all.")
        self.epochs = epochs
        self._parameters: list[nn.Parameter] = []
        self._norms: list[nn.Module] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Note the backbone's parameters and normalisations, after the latter are synchronised ones where asked."""
        if self.epochs == 0:
            return
        net = pl_module.get_submodule("net")
        prefixes: tuple[str, ...] = net.backbone_prefixes  # type: ignore[assignment]
        self._parameters = [
            value for name, value in net.named_parameters() if name.startswith(prefixes) and value.requires_grad
        ]
        self._norms = [
            module
            for name, module in net.named_modules()
            if f"{name}.".startswith(prefixes) and getattr(module, "running_mean", None) is not None
        ]
        which = "all" if self.epochs < 0 else f"the first {self.epochs}"
        log.info("the backbone's %d parameters are frozen in %s epochs", len(self._parameters), which)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Freeze or thaw, whichever the epoch asks for."""
        self._set(frozen=self._frozen(trainer), bare=trainer.model is pl_module)

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        optimizer: Optimizer,  # noqa: ARG002
    ) -> None:
        """Drop the backbone's gradients, before they count in the clipping."""
        if self._frozen(trainer):
            for parameter in self._parameters:
                parameter.grad = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the network as it came."""
        self._set(frozen=False, bare=trainer.model is pl_module)

    def _frozen(self, trainer: pl.Trainer) -> bool:
        return self.epochs < 0 or trainer.current_epoch < self.epochs

    def _set(self, *, frozen: bool, bare: bool) -> None:
        for norm in self._norms:
            norm.train(not frozen)
        # DDP waits for every gradient that it expected when it wrapped the network, and would never exchange those of
        # parameters that were frozen then: under it all are computed, and dropped.
        for parameter in self._parameters if bare else ():
            parameter.requires_grad_(not frozen)
