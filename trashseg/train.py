"""``trashseg train``: from a config to a trained network."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import plain, run_verb

if TYPE_CHECKING:
    import lightning.pytorch as pl

log = logging.getLogger("trashseg.train")  # run as a program, the module has another name


def train(cfg: DictConfig) -> float:
    """Train and return the best checkpoint's mIoU, the value that a sweep compares."""
    import lightning.pytorch as pl

    from trashseg import build
    from trashseg.callbacks.carry_config import CarryConfig
    from trashseg.callbacks.interrupted import Interrupted
    from trashseg.checkpoint import check_resume
    from trashseg.devices import check_devices
    from trashseg.module import SegmentationModule
    from trashseg.quiet import quiet
    from trashseg.recovery import explained, remove_leftovers, start_from
    from trashseg.sweep.trial import search_callbacks

    quiet()
    run_dir = Path(cfg.run_dir)
    config = plain(cfg)
    remove_leftovers(run_dir)
    resume = start_from(cfg.resume, cfg.ckpt_path, run_dir)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    datamodule = build.build_datamodule(cfg.data, cfg.aug, cfg.mix)
    datamodule.prepare_data()
    table = datamodule.classes
    if resume is not None:
        check_resume(resume, config, table)
    net = build.build_net(cfg.model, len(table), resumed=resume is not None)
    config["model"].update(net.resolved)
    named = build.build_callbacks({**config["callbacks"], **search_callbacks()})
    callbacks = [*named, CarryConfig(config, table.to_mapping()), Interrupted(run_dir)]
    trainer = build.build_trainer(cfg.trainer, callbacks, build.build_loggers(cfg.logger))
    recipe = build.build_recipe(cfg.optim, fused=trainer.fused_optimizer)
    module = SegmentationModule(net, build.build_loss(cfg.loss, table), recipe, table)
    gpus = trainer.device_ids if trainer.strategy.root_device.type == "cuda" else []
    log.info(check_devices(gpus, str(trainer.precision)))
    with explained(trainer, config):
        trainer.fit(module, datamodule, ckpt_path=resume, weights_only=True)
    return report(trainer, run_dir)


def report(trainer: pl.Trainer, run_dir: Path) -> float:
    """Print where everything is and what to type next; return the best score, NaN where nothing was scored."""
    from trashseg.callbacks.best import best_checkpoint
    from trashseg.callbacks.pruning import was_pruned
    from trashseg.sweep.outcome import Pruned

    path, score = best_checkpoint(trainer)
    if trainer.is_global_zero:
        print(f"\nrun folder        {run_dir}")
        if path is not None:
            print(
                f"best checkpoint   {path}  (val mIoU {score:.4f})" if score == score else f"checkpoint        {path}"
            )
            print(f"next              trashseg evaluate ckpt_path={path} tta=flip")
            print(f"                  trashseg predict ckpt_path={path} source=FOLDER")
            print(f"                  trashseg submit ckpt_path={path}")
    return Pruned(score) if was_pruned(trainer) else score


def main() -> None:
    """Run the verb."""
    run_verb("train", train)


if __name__ == "__main__":
    main()
