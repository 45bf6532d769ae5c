"""trashseg: semantic segmentation of recyclable trash with Lightning and Hydra."""

import os

__version__ = "0.1.0"

# albumentations asks the package index for a newer version at import; a training run must not wait for that.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
