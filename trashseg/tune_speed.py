"""``trashseg tune-speed``: which options make a training step faster on this machine."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import ConfigError

if TYPE_CHECKING:
    from trashseg.tuning import Bench, Found
    from trashseg.types import ClassTable


def tune_speed(cfg: DictConfig) -> float:
    """Print a table of the options, write those that help together and return how many times faster they are."""
    from trashseg.quiet import quiet
    from trashseg.tuning import Bench, heading, verdict, write_report

    check_numbers(cfg)
    quiet()
    for name in ("trashseg", "torch.utils.cpp_extension"):
        logging.getLogger(name).setLevel(logging.ERROR)  # what every build says has no place between the rows
    bench = Bench(cfg, class_table(cfg), cfg.steps, cfg.warmup)
    where = described(cfg, bench)
    print(f"{where}\n\n{heading()}", flush=True)
    found = measured(cfg, bench)
    print(f"\n{verdict(found)}")
    paths = write_report(Path(cfg.run_dir), found, {"where": where, "precision": bench.precision})
    for path in paths:
        print(f"written     {path}")
    print(f"next        {next_command(cfg, found)}")
    return found.speed


def measured(cfg: DictConfig, bench: Bench) -> Found:
    """Measure every option and print a row for each.

    Raises:
        TrashsegError: the device's memory is too small for the base.
    """
    from trashseg.tuning import options_for, row_text, tune
    from trashseg.tuning.options import Setting

    setting = Setting(cfg, bench.net(cfg), bench.device.type == "cuda", bench.precision)
    return tune(bench.run, options_for(setting), bench.precision, lambda row: print(row_text(row), flush=True))


def check_numbers(cfg: DictConfig) -> None:
    """Refuse numbers of steps that measure nothing.

    Raises:
        ConfigError: naming the number.
    """
    for key in ("steps", "warmup"):
        if not isinstance(cfg[key], int) or cfg[key] < 1:
            raise ConfigError(f"{key}={cfg[key]} is not a whole number from 1 on.")


def class_table(cfg: DictConfig) -> ClassTable:
    """Return the classes of the config, or of the data set where the config has none.

    Raises:
        ConfigError: neither is given.
    """
    from trashseg.build import build_datamodule
    from trashseg.types import ClassTable

    if cfg.data.classes:
        return ClassTable.from_mapping(cfg.data.classes)
    if not cfg.data.root:
        raise ConfigError("the classes are the data set's own: give data.root=FOLDER, or data/classes=trash11.")
    return build_datamodule(cfg.data).classes


def described(cfg: DictConfig, bench: Bench) -> str:
    """Return what is measured, and where."""
    import torch
    from hydra.core.hydra_config import HydraConfig

    from trashseg.devices import check_devices

    data, accumulated = cfg.data, cfg.trainer.accumulate_grad_batches
    device = check_devices([bench.device.index or 0] if bench.device.type == "cuda" else [], bench.precision)
    threads = "" if bench.device.type == "cuda" else f"; threads {torch.get_num_threads()}"
    return (
        f"{HydraConfig.get().runtime.choices['model']}, {data.get('crop_size') or data.image_size} px, batch "
        f"{data.batch_size}{f' x {accumulated} accumulated' if accumulated > 1 else ''}; {device}{threads}; "
        f"torch {torch.__version__}\n"
        f"median of {cfg.steps} training steps after {cfg.warmup}, of one process and one batch in memory: "
        "no loader, no transforms, no callbacks, no dropout"
    )


def next_command(cfg: DictConfig, found: Found) -> str:
    """Return how to train with what was chosen."""
    from hydra.core.hydra_config import HydraConfig

    from trashseg.sweep.outcome import as_typed

    typed = [text for text in as_typed(HydraConfig.get().overrides.task) if not text.startswith(("steps=", "warmup="))]
    folder = [] if cfg.data.root or "data=synthetic" in typed else ["data.root=FOLDER"]
    chosen = ["+speed=chosen", "--config-dir", str(cfg.run_dir)] if found.chosen else []
    return shlex.join(["trashseg", "train", *typed, *folder, *chosen])


def main() -> None:
    """Run the verb."""
    run_verb("tune_speed", tune_speed)


if __name__ == "__main__":
    main()
