"""Libraries' notices that tell a user of trashseg nothing to act on."""

from __future__ import annotations

import logging
import os
import warnings


def quiet() -> None:
    """Silence notices about what is meant to be so; everything else is still shown."""
    # Each names the reason why it says nothing here.
    for text in (
        ".*does not have many workers.*",  # two cores train and load; data.num_workers is the user's
        ".*Checkpoint directory .* exists and is not empty.*",  # a resumed run writes into its own folder
        ".*The number of training batches .* is smaller than the logging interval.*",  # small sets are welcome
        ".*Experiment logs directory .* exists and is not empty.*",  # the run's folder holds more than the log
        ".*isinstance\\(treespec, LeafSpec\\).*",  # Lightning's use of torch's own utilities
        ".*could not find the monitored key in the returned metrics.*",  # no validation; a misspelt key is an error
        ".*a checkpoint that ended before the epoch ended.*",  # the data module leaves out the batches that were seen
        ".*Can't initialize NVML.*",  # a machine without a GPU
        ".*recommended to use `self.log\\('val/.*sync_dist=True.*",  # the scores are summed over processes already
    ):
        warnings.filterwarnings("ignore", message=text)
    if os.environ.get("LOCAL_RANK", "0") != "0":
        logging.getLogger("trashseg").setLevel(logging.WARNING)  # the first process says the same
    libraries = (
        "lightning.pytorch",
        "lightning.fabric.utilities.distributed",
        "timm.models._builder",
        "timm.models._hub",
    )
    for name in libraries:
        logging.getLogger(name).setLevel(logging.ERROR)
