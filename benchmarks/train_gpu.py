"""Training steps of the seven systems on a GPU, beside a plain loop and mmsegmentation's network. Prints one table.

Ours is the Trainer with our module; the plain loop trains the same network on the same batch, at the same precision,
with the same loss, optimiser, schedule and clipping. Where mmsegmentation is installed and has the network, its own
trains in the same plain loop at the same size and batch. Batches stay on the device: no loader takes part. The two
take turns; each time is the smallest of the medians. Run it as ``python benchmarks/train_gpu.py``; without a GPU it
can be tried with ``--device cpu --systems unet_lite0 --steps 3 --size 128``.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import logging
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from torch import nn

from trashseg import build
from trashseg.config import conf_dir
from trashseg.module import SegmentationModule
from trashseg.quiet import quiet
from trashseg.tuning import Bench
from trashseg.tuning.timing import forget_peak, mark, milliseconds, peak_mb
from trashseg.types import Batch, ClassTable, TrashsegError

SYSTEMS = (
    "knet_swin_l", "unet_effb7", "unet_regnet", "deeplabv3_r50", "deeplabv3plus_effb7", "deeplabv3plus_xception65",
    "upernet_r101",
)  # fmt: skip
MMSEG = {
    "knet_swin_l": "knet/knet-s3_swin-l_upernet_8xb2-adamw-80k_ade20k-512x512.py",
    "deeplabv3_r50": "deeplabv3/deeplabv3_r50-d8_4xb4-80k_ade20k-512x512.py",
    "upernet_r101": "upernet/upernet_r101_4xb4-80k_ade20k-512x512.py",
}
Step = Callable[[Batch], torch.Tensor]


def config(system: str, options: argparse.Namespace, run_dir: str) -> DictConfig:
    group = "experiment" if (conf_dir() / "experiment" / f"{system}.yaml").is_file() else "model"
    overrides = [f"{group}={system}", f"trainer={options.device}", "data.root=''", f"run_dir='{run_dir}'"]
    overrides += [f"data.{key}={value}" for key, value in (("image_size", options.size),) if value]
    overrides += [f"data.batch_size={options.batch_size}"] if options.batch_size else []
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        return compose("train", overrides)


def our_loss(cfg: DictConfig, bench: Bench) -> tuple[nn.Module, Step]:
    """Return our network and the loss of a batch."""
    loss, recipe = build.build_loss(cfg.loss, bench.table), build.build_recipe(cfg.optim)
    module = SegmentationModule(bench.net(cfg), loss, recipe, bench.table).to(bench.device).train()
    return module.net, lambda batch: torch.stack(list(module.losses(batch).values())).sum()


def mmseg_loss(name: str, num_classes: int, device: torch.device) -> tuple[nn.Module, Step]:
    """Return mmsegmentation's network with random weights and the loss of a batch."""
    import mmseg
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS
    from mmseg.structures import SegDataSample

    init_default_scope("mmseg")
    published = Config.fromfile(Path(mmseg.__file__).parent / ".mim" / "configs" / name).model.to_dict()
    net = MODELS.build(_for_one_gpu(published, num_classes)).to(device).train()

    def loss(batch: Batch) -> torch.Tensor:
        samples = [SegDataSample(gt_sem_seg=PixelData(data=mask[None].long())) for mask in batch["mask"]]
        image = (batch["image"].float() - net.data_preprocessor.mean) / net.data_preprocessor.std
        total: torch.Tensor = net.parse_losses(net.loss(image, samples))[0]
        return total

    return net, loss


def _for_one_gpu(node: Any, num_classes: int) -> Any:
    """Return a network's config for our classes, with plain batch norm and without starting weights."""
    if isinstance(node, list | tuple):
        return [_for_one_gpu(value, num_classes) for value in node]
    if not isinstance(node, dict):
        return "BN" if node == "SyncBN" else node
    ours = {"num_classes": num_classes, "init_cfg": None, "pretrained": None}
    return {key: ours.get(key, _for_one_gpu(value, num_classes)) for key, value in node.items()}


def plain_loop(cfg: DictConfig, bench: Bench, net: nn.Module, loss_of: Step) -> tuple[float, float | None]:
    """Train by hand; return the median of a step in milliseconds and the peak of the GPU's memory in MiB."""
    steps = bench.warmup + bench.steps
    optim = build.build_recipe(cfg.optim).build(net, total_steps=steps)
    optimizer, scheduler = optim["optimizer"], optim["lr_scheduler"]["scheduler"]
    half = torch.float16 if bench.precision == "16-mixed" else torch.bfloat16
    scaler = torch.amp.GradScaler(bench.device.type, enabled=bench.precision == "16-mixed")
    (batch,), marks = bench.batches(cfg), []
    for step in range(steps):
        if step == bench.warmup:
            forget_peak(bench.device)
        marks.append(mark(bench.device))
        optimizer.zero_grad()
        with torch.autocast(bench.device.type, half, enabled="mixed" in bench.precision, cache_enabled=False):
            loss = loss_of(batch)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), cfg.trainer.gradient_clip_val or float("inf"))
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
    times = milliseconds([*marks, mark(bench.device)])
    return statistics.median(times[bench.warmup :]), peak_mb(bench.device)


def by_hand(cfg: DictConfig, bench: Bench, make: Callable[[], tuple[nn.Module, Step]]) -> tuple[float, float | None]:
    """Build a network, train it by hand and free its memory."""
    try:
        return plain_loop(cfg, bench, *make())
    finally:
        gc.collect()
        if bench.device.type == "cuda":
            torch.cuda.empty_cache()


def mmseg_cell(system: str, cfg: DictConfig, bench: Bench, images: int) -> str:
    """Return mmsegmentation's images a second, or why there are none."""
    if system not in MMSEG:
        return "not in it"
    if importlib.util.find_spec("mmseg") is None:
        return "not installed"
    make = lambda: mmseg_loss(MMSEG[system], len(bench.table), bench.device)  # noqa: E731 - called once a repeat
    step_ms, peak = by_hand(cfg, bench, make)
    return f"{1000 * images / step_ms:.1f} ({megabytes(peak)} MiB)"


def megabytes(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def row(system: str, options: argparse.Namespace, run_dir: str) -> str:
    """Return the line of one system."""
    cfg = config(system, options, run_dir)
    cfg.trainer.accumulate_grad_batches = 1
    bench = Bench(cfg, ClassTable.from_mapping(cfg.data.classes), options.steps, options.warmup)
    images, ours, plain = cfg.data.batch_size, [], []
    for _ in range(options.repeats):
        plain.append(by_hand(cfg, bench, lambda: our_loss(cfg, bench)))
        ours.append(bench.run({}))
    by_loop, by_trainer = min(plain)[0], min(timing.step_ms for timing in ours)
    memory = f"{megabytes(plain[0][1])}/{megabytes(ours[0].memory_mb)}"
    return (
        f"{system:<26}{f'{images} x {cfg.data.image_size}':>9}{1000 * images / by_loop:>10.1f}"
        f"{1000 * images / by_trainer:>10.1f}{by_loop / by_trainer:>8.2f}{memory:>15}  "
        f"{mmseg_cell(system, cfg, bench, images)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, help="names of conf/experiment or conf/model")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--size", type=int, help="instead of the system's own")
    parser.add_argument("--batch-size", type=int, help="instead of the system's own")
    options = parser.parse_args()
    if options.device == "gpu" and not torch.cuda.is_available():
        print("torch sees no GPU; to try: --device cpu --systems unet_lite0 --steps 3 --size 128")
        return
    quiet()
    logging.disable(logging.WARNING)
    name = torch.cuda.get_device_name() if options.device == "gpu" else f"CPU, threads {torch.get_num_threads()}"
    print(f"{name}; torch {torch.__version__}; median of {options.steps} steps after {options.warmup}, images/s")
    print(f"{'system':<26}{'batch':>9}{'plain':>10}{'trashseg':>10}{'ratio':>8}{'MiB of both':>15}  mmsegmentation")
    with tempfile.TemporaryDirectory() as run_dir:
        for system in options.systems:
            try:
                print(row(system, options, run_dir), flush=True)
            except (torch.OutOfMemoryError, TrashsegError):
                print(f"{system:<26}the memory of the GPU is too small; give --batch-size", flush=True)


if __name__ == "__main__":
    main()
