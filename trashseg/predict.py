"""``trashseg predict``: class maps of a user's own photographs."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import DataError


def predict(cfg: DictConfig) -> None:
    """Segment the photographs of ``source``; write class-id PNGs, overlays and, with ``save``, probabilities."""
    from trashseg.data.resize import Resize
    from trashseg.data.user_photographs import find_photographs
    from trashseg.inference import build_predictor, open_trained
    from trashseg.inference.storing import open_writer
    from trashseg.inference.writing import write_predictions
    from trashseg.quiet import quiet
    from trashseg.recovery import remove_leftovers

    quiet()
    photographs = find_photographs(cfg.source)
    trained = open_trained(cfg)
    resize = Resize(trained.config["data"]["image_size"], trained.config["data"]["resize"])
    out_dir = Path(cfg.out or cfg.run_dir)
    for own in ("masks", "overlays", "store"):
        remove_leftovers(out_dir / own)
    predictor = build_predictor(cfg, trained)
    with open_writer(cfg, trained, out_dir / "store") as store:
        written, errors = write_predictions(
            predictor, photographs, resize, trained.table, out_dir, overlays=cfg.overlays, store=store
        )
    _report(cfg, trained.table.names, out_dir, len(written), len(photographs) - len(written) - len(errors))
    if errors:
        raise DataError(f"{len(errors)} of {len(photographs)} photographs could not be read: {errors[0]}")


def _report(cfg: DictConfig, names: tuple[str, ...], out_dir: Path, num_written: int, num_before: int) -> None:
    """Print what was written and where."""
    print(f"{num_written} photographs segmented" + (f", {num_before} were done before" if num_before else ""))
    print(f"class ids   {out_dir / 'masks'}  (pixel value = class id: " + _ids(names) + ")")
    if cfg.overlays:
        print(f"overlays    {out_dir / 'overlays'}")
    if cfg.save:
        print(f"{cfg.save:<11} {out_dir / 'store'}")


def _ids(names: tuple[str, ...]) -> str:
    return ", ".join(f"{index} {name}" for index, name in enumerate(names))


def main() -> None:
    """Run the verb."""
    run_verb("predict", predict)


if __name__ == "__main__":
    main()
