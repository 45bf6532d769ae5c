"""The LightningDataModule: checked photographs in, batches out."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader

from trashseg.data.augment import Augment, single_thread
from trashseg.data.dataset import TrashDataset, collate_eval, collate_train
from trashseg.data.device import collate_drawn
from trashseg.data.folds.leaks import Leak, Part, find_copies, find_leaks, refuse_leaks
from trashseg.data.kinds import open_source
from trashseg.data.mix import Mix
from trashseg.data.oversampling import Oversampler, Uniform, count, describe
from trashseg.data.position import batches_done
from trashseg.data.prepared import PreparedSplit
from trashseg.data.pseudo import visit_factors
from trashseg.data.resize import Resize
from trashseg.data.sampling import EpochSampler
from trashseg.data.training import TrainingPart
from trashseg.data.workers import prepare_worker
from trashseg.types import Batch, ClassTable, ConfigError, DataError, Sample, Split

log = logging.getLogger(__name__)


class TrashDataModule(pl.LightningDataModule):
    """Training and validation batches of a COCO data set.

    Args:
        aug: random transforms of the training part; some may run on the device, after mixing.
        mix: mixes several training photographs into one.
        sampler: how often an epoch visits each training photograph; None: once.
        image_size: side of the square that the network sees.
        crop_size: side of the square in training; None: ``image_size``. A smaller one goes with a transform that crops
            to it, so that photographs keep their scale.
        resize: how photographs become that square: ``stretch`` or ``pad``.
        batch_size: photographs a step and process.
        num_workers: loading processes; None: the cores but one, at most 8.
        seed: of the order, the transforms and the mixing.
        kind: the kind of data set, see :mod:`trashseg.data.kinds`.
        source: the keywords of that kind's class, :class:`Source` or one like it.

    Raises:
        ConfigError: ``sampler`` is none, or an option of the data has no such value.
    """

    def __init__(
        self,
        *,
        aug: Augment | None = None,
        mix: Mix | None = None,
        sampler: Oversampler | None = None,
        image_size: int = 512,
        crop_size: int | None = None,
        resize: str = "stretch",
        batch_size: int = 8,
        num_workers: int | None = None,
        seed: int = 0,
        kind: str = "files",
        **source: Any,
    ) -> None:
        super().__init__()
        if not isinstance(sampler, Oversampler | None):
            raise ConfigError(f"data.sampler={sampler} is no sampler; choose one with data/sampler=NAME.")
        self.source = open_source(kind, **source)
        self.aug, self.mix, self.sampler, self.seed = aug or Augment({}), mix or Mix(), sampler or Uniform(), seed
        self.resize = Resize(image_size, resize)
        self.train_resize = Resize(crop_size or image_size, resize)
        self.batch_size = batch_size
        self.num_workers = min(8, max(1, (os.cpu_count() or 2) - 1)) if num_workers is None else num_workers
        self._sets: dict[Split, TrashDataset] = {}
        self._epochs_done, self._batches_done, self._step_size = 0, 0, 0
        self._leaks_known = False

    def state_dict(self) -> dict[str, int]:
        """Return what a checkpoint keeps.

        ``epochs_done``: finished epochs, which decide the order of the next; ``batches_done``: batches of the running
        one that are trained; ``step_size``: photographs of a batch, over all processes.
        """
        if self.trainer is None:
            return {"epochs_done": 0}
        done: int = self.trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]
        return {"epochs_done": done, "batches_done": batches_done(self.trainer), "step_size": self._step_size}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Take up the counts of an interrupted run."""
        self._epochs_done, self._batches_done = state_dict["epochs_done"], state_dict.get("batches_done", 0)
        self._step_size = state_dict.get("step_size", 0)

    def prepare_data(self) -> None:
        """Check the data and build the caches, on one process while the others wait.

        Raises:
            DataError: something is wrong with the data, or photographs that train and that validate belong together.
        """
        self.source.ensure()
        for split in (Split.TRAIN, Split.VAL):
            self.dataset(split)
        # Lightning asks a second time.
        if not self._leaks_known:
            refuse_leaks(self.leaks(), allow=self.source.allow_leak)
        self._leaks_known = True

    def leaks(self) -> list[Leak]:
        """Return photographs that train though they, their copies or others of their group validate."""
        if not self.source.can_leak:
            return []
        datasets = (self.dataset(split) for split in (Split.TRAIN, Split.VAL))
        train, val = (Part.of(each.split, each.indices, self.source.folder) for each in datasets)
        return find_leaks(train, val) or find_copies(train, val, self.source.cache)

    def setup(self, stage: str) -> None:
        """Open the caches on every process."""
        train = self.dataset(Split.TRAIN)
        if stage == "fit":
            log.info("data: %d training and %d validation photographs", len(train), len(self.dataset(Split.VAL)))
            self._factors(announce=True)

    @property
    def classes(self) -> ClassTable:
        """The classes of the data set."""
        return self.source.table

    def dataset(self, split: Split) -> TrashDataset:
        """Return the photographs of ``split``; the random transforms belong to the training part alone."""
        if split not in self._sets:
            prepared = self.source.prepare(split)
            indices = self.source.members(split, list(prepared.names))
            if split == Split.TRAIN:
                self._sets[split] = self._training_set(self._part(prepared, indices))
            else:
                self._sets[split] = TrashDataset(prepared, self.resize, indices=indices)
        return self._sets[split]

    def _part(self, prepared: PreparedSplit, indices: npt.NDArray[np.int64]) -> TrainingPart:
        """Return what mixing and oversampling may know of the training photographs."""
        class_of = self.source.class_of(prepared.index)
        return TrainingPart(prepared, indices, class_of, self.classes.names, self.source.cache)

    def _training_set(self, part: TrainingPart) -> TrashDataset:
        """Return the photographs to train on; without transforms, too, their masks have the network's size."""
        pasters = self.mix.pasters(part)
        return TrashDataset(
            part.split, self.train_resize, indices=part.indices, aug=self.aug, pasters=pasters, seed=self.seed
        )

    def _factors(self, *, announce: bool = False) -> npt.NDArray[np.float64]:
        """Return how often an epoch visits each training photograph; say so where it is not once."""
        train = self.dataset(Split.TRAIN)
        counts = count(self._part(train.split, train.indices))
        factors = self.sampler.factors(counts)
        if self.source.pseudo is not None:
            factors = factors * visit_factors(self.source.pseudo_weights, train.names, self.source.pseudo_ratio)
        if announce and not (isinstance(self.sampler, Uniform) and (factors == 1).all()):
            log.info("sampler: %s", describe(factors, counts))
        return factors

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return shuffled batches; the last incomplete one is left out, since batch norm needs two images.

        Raises:
            ConfigError: the batch is too small to mix.
            DataError: there are fewer than two photographs a process.
        """
        dataset, rank, world_size = self.dataset(Split.TRAIN), *self._place()
        options = {"seed": self.seed, "rank": rank, "world_size": world_size}
        sampler = EpochSampler(len(dataset), shuffle=True, factors=self._factors(), **options)
        # A resumed run loads its first batches before Lightning tells the sampler the epoch.
        sampler.set_epoch(self._epochs_done)
        batch_size = min(self.batch_size, len(sampler))
        if batch_size < min(2, self.batch_size):
            raise DataError(
                f"{len(dataset)} training photographs are too few for {world_size} process{'es' * (world_size > 1)}, "
                "each of which needs two; add photographs or use fewer devices."
            )
        if batch_size < 2 and self.mix.mixes_batches:
            raise ConfigError(f"data.batch_size={batch_size} leaves nothing to mix with; give 2 or more, or mix=none.")
        self._check_step_size(batch_size * world_size)
        sampler.skip(self._batches_done * batch_size)
        return self._loader(dataset, sampler, batch_size, self.train_collate(), drop_last=True)

    def _check_step_size(self, step_size: int) -> None:
        """Refuse to go on within an epoch by other steps, which would leave out or repeat photographs.

        Raises:
            ConfigError: ``step_size``, the photographs of a batch over all processes, is another than before.
        """
        if self._batches_done and step_size != self._step_size:
            raise ConfigError(
                f"the run stopped within an epoch, after {self._batches_done} batches of {self._step_size} photographs "
                f"over all processes; this command makes batches of {step_size}. Give the first command's "
                "data.batch_size and trainer.devices to go on."
            )
        self._step_size = step_size

    def train_collate(self) -> Callable[[Sequence[Sample]], Batch]:
        """Return what makes a training batch of samples: mixed, and with what the device is to do to it."""
        mixed = functools.partial(collate_train, mix=self.mix, seed=self.seed)
        return functools.partial(collate_drawn, collate=mixed, augment=self.aug.on_device, seed=self.seed)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:  # noqa: ARG002 - Lightning's signature
        """Return the batch with its transforms of the device done; those of validation carry none."""
        return self.aug.on_device.finish(batch)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the validation photographs in order, each counted once over all processes."""
        return self.eval_dataloader(Split.VAL)

    def eval_dataloader(self, split: Split, start: int = 0) -> DataLoader[Batch]:
        """Return the photographs of ``split`` from ``start`` on, in order and without random transforms."""
        dataset, rank, world_size = self.dataset(split), *self._place()
        if split == Split.TRAIN or start:
            dataset = TrashDataset(dataset.split, self.resize, indices=dataset.indices[start:])
        sampler = EpochSampler(len(dataset), shuffle=False, rank=rank, world_size=world_size)
        return self._loader(dataset, sampler, self.batch_size, collate_eval, drop_last=False)

    def _place(self) -> tuple[int, int]:
        """Return (rank, number of processes)."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def _loader(
        self, dataset: TrashDataset, sampler: EpochSampler, batch_size: int, collate: Any, *, drop_last: bool
    ) -> DataLoader[Batch]:
        single_thread()
        return DataLoader(
            dataset,  # type: ignore[arg-type]  # samples go in, batches come out; DataLoader's type knows one of them
            sampler=sampler,
            batch_size=batch_size,
            num_workers=self.num_workers,
            collate_fn=collate,
            drop_last=drop_last,
            pin_memory=self.trainer is not None and _on_gpu(self.trainer),
            persistent_workers=self.num_workers > 0,
            worker_init_fn=prepare_worker,
        )


def _on_gpu(trainer: pl.Trainer) -> bool:
    return trainer.strategy.root_device.type == "cuda"
