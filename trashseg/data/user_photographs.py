"""Photographs that a user points at: one file, a folder, a glob, or the images of a COCO file."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from torch.utils.data import Dataset

from trashseg.data.dataset import image_tensor
from trashseg.data.images import IMAGE_SUFFIXES, read_image
from trashseg.data.index import open_index
from trashseg.data.prepared import default_cache_dir
from trashseg.data.resize import Resize
from trashseg.types import DataError, Sample


def find_photographs(source: str) -> list[tuple[str, Path]]:
    """Return (name, path) of every photograph that ``source`` stands for, in the order of the names.

    A name is the path relative to the folder or to what a glob's matches share; with a COCO file it is the JSON's
    ``file_name``, taken relative to the JSON's folder.

    Raises:
        DataError: nothing is there, or it holds no photograph.
    """
    path = Path(str(source)).expanduser()
    if path.is_file() and path.suffix.lower() == ".json":
        index = open_index(path, default_cache_dir())
        return [(str(name), path.parent / str(name)) for name in index.file_names]
    if path.is_file():
        return [(path.name, path)]
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _is_photograph(file))
        return _checked([(str(file.relative_to(path)), file) for file in found], source)
    matches = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute patterns
    found = [file for file in matches if _is_photograph(file)]
    fixed = Path(*_fixed_parts(path))
    return _checked([(str(file.relative_to(fixed)), file) for file in found], source)


def _is_photograph(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not path.name.startswith(".")


def _fixed_parts(pattern: Path) -> list[str]:
    """Return the leading parts of a glob that hold no wildcard."""
    parts: list[str] = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts


def _checked(found: list[tuple[str, Path]], source: str) -> list[tuple[str, Path]]:
    if not found:
        endings = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(
            f"source={source} holds no photograph; give a photograph, a folder, a glob in quotes, or a COCO file "
            f"(endings: {endings})."
        )
    return found


class PhotographDataset(Dataset[Sample | DataError]):
    """Photographs without labels; one that cannot be read yields its error, so that the others go on.

    Args:
        photographs: (name, path) pairs.
        resize: brings photographs to the network's size.
    """

    def __init__(self, photographs: Sequence[tuple[str, Path]], resize: Resize) -> None:
        self.photographs, self.resize = photographs, resize

    def __len__(self) -> int:
        """Return the number of photographs."""
        return len(self.photographs)

    def __getitem__(self, index: int) -> Sample | DataError:
        """Return the sample, or the error that reading it gave."""
        name, path = self.photographs[index]
        try:
            image = read_image(path)
        except DataError as error:
            return error
        return {
            "image": image_tensor(self.resize.image(image)),
            "index": index,
            "name": name,
            "content": self.resize.content(*image.shape[:2]),
            "size": (image.shape[0], image.shape[1]),
        }
