"""``trashseg browse``: what an augmentation does to photographs and masks, to tune it by eye."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from trashseg.config import run_verb
from trashseg.types import ConfigError, Split, did_you_mean

if TYPE_CHECKING:
    from trashseg.data.datamodule import TrashDataModule


def browse(cfg: DictConfig) -> None:
    """Write contact.png and browse.html into the run's folder."""
    from trashseg import build
    from trashseg.data.browsing import forms
    from trashseg.files import atomic_file
    from trashseg.pictures import Tile, browse_page, contact_sheet, save_png
    from trashseg.quiet import quiet

    quiet()
    datamodule = build.build_datamodule(cfg.data, cfg.aug, cfg.mix)
    datamodule.prepare_data()
    names = datamodule.dataset(Split.TRAIN).names
    rows = [(names[i], [Tile(*form) for form in forms(datamodule, i, cfg.num_draws)]) for i in chosen(datamodule, cfg)]
    title = "Each transform alone, then the whole recipe"
    folder, table = Path(cfg.run_dir), datamodule.classes
    save_png(folder / "contact.png", contact_sheet(rows, table, title))
    with atomic_file(folder / "browse.html") as temporary:
        temporary.write_text(browse_page(rows, table, title, settings(cfg.aug)), encoding="utf-8")
    print(
        f"{len(rows)} photographs, {len(rows[0][1])} pictures each\n{folder / 'contact.png'}\n{folder / 'browse.html'}"
    )


def chosen(datamodule: TrashDataModule, cfg: DictConfig) -> list[int]:
    """Return the positions of the photographs to show.

    Raises:
        ConfigError: a name is none of the training part.
    """
    from trashseg.data.browsing import telling_photographs

    dataset = datamodule.dataset(Split.TRAIN)
    if cfg.photographs is None:
        return telling_photographs(dataset.class_pixels, cfg.num_photographs)
    positions = {name: i for i, name in enumerate(dataset.names)}
    for name in cfg.photographs:
        if name not in positions:
            raise ConfigError(f"photographs: {name} is not in the training part. {did_you_mean(name, positions)}")
    return [positions[name] for name in cfg.photographs]


def settings(aug: DictConfig) -> dict[str, str]:
    """Return name -> its settings as one line."""
    plain: Any = OmegaConf.to_container(aug, resolve=True)
    return {
        name: ", ".join(f"{key}={value}" for key, value in entry.items() if key != "_target_")
        for name, entry in plain.items()
        if entry
    }


def main() -> None:
    """Run the verb."""
    run_verb("browse", browse)


if __name__ == "__main__":
    main()
