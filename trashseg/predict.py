"""``trashseg predict``: class maps of a user's own photographs."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import DataError


def predict(cfg: DictConfig) -> None:
    """Segment the photographs of ``source``; write class-id PNGs and overlays."""
    from trashseg.data.resize import Resize
    from trashseg.data.user_photographs import find_photographs
    from trashseg.inference import build_predictor, open_trained
    from trashseg.inference.writing import write_predictions
    from trashseg.quiet import quiet

    quiet()
    photographs = find_photographs(cfg.source)
    trained = open_trained(cfg)
    resize = Resize(trained.config["data"]["image_size"], trained.config["data"]["resize"])
    out_dir = Path(cfg.out or cfg.run_dir)
    written, errors = write_predictions(
        build_predictor(cfg, trained), photographs, resize, trained.table, out_dir, overlays=cfg.overlays
    )
    print(f"{len(written)} photographs segmented")
    print(f"class ids   {out_dir / 'masks'}  (pixel value = class id: " + _ids(trained.table.names) + ")")
    if cfg.overlays:
        print(f"overlays    {out_dir / 'overlays'}")
    if errors:
        raise DataError(f"{len(errors)} of {len(photographs)} photographs could not be read: {errors[0]}")


def _ids(names: tuple[str, ...]) -> str:
    return ", ".join(f"{index} {name}" for index, name in enumerate(names))


def main() -> None:
    """Run the verb."""
    run_verb("predict", predict)


if __name__ == "__main__":
    main()
