"""The console command: ``trashseg VERB key=value ...`` is ``python -m trashseg.VERB key=value ...``."""

from __future__ import annotations

import runpy
import sys

from trashseg import __version__
from trashseg.types import did_you_mean

VERBS = {
    "train": "train a model; the run folder holds checkpoints, metrics and pictures",
    "check": "look through a data set and list everything wrong with it at once",
    "browse": "show photographs and masks before and after each transform",
    "inspect": "describe a data set on one page: classes, sizes, duplicates, leaks, suspicious annotations",
    "split": "fold a data set: classes spread evenly, photographs of one scene kept together",
    "evaluate": "score a checkpoint with intervals: table, metrics.json, confusion matrix, worst photographs",
    "cv": "train and score every fold of one recipe; compare two recipes",
    "audit": "rank the labels that out-of-fold predictions doubt",
    "tta-search": "choose the views of test-time augmentation: every subset scored from predictions made once",
    "tune-speed": "measure what makes a training step faster here; write it as options of train",
    "predict": "segment a photograph, a folder, a glob or a COCO file with a checkpoint",
    "ensemble": "vote: checkpoints, cross-validations, stores and submissions, chosen by their out-of-fold score",
    "pseudo": "label photographs with an ensemble; train on them in rounds",
    "submission": "compare, validate and vote on submissions; to masks and back",
    "submit": "write and check the competition's CSV for the test photographs",
    "runs": "list the runs: state, score, time and what differs; a table, CSV and a page",
    "reproduce": "repeat a training from the record in its folder; compare every logged value",
    "models": "list the networks: parameters, arithmetic, time and memory on this machine",
}


def main() -> None:
    """Run the verb that the first argument names."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return
    verb = arguments[0]
    if verb in ("-V", "--version"):
        print(f"trashseg {__version__}")
        return
    if verb.replace("_", "-") not in VERBS:
        print(f"error: there is no verb {verb!r}. {did_you_mean(verb, VERBS)}", file=sys.stderr)
        sys.exit(2)
    sys.argv = [sys.argv[0], *arguments[1:]]
    # As a module, not as a function: Lightning starts the other ranks of a DDP run from __main__'s module name.
    runpy.run_module(f"trashseg.{verb.replace('-', '_')}", run_name="__main__", alter_sys=True)


def usage() -> str:
    """Return the text of ``trashseg --help``."""
    lines = [f"  {verb:<10} {text}" for verb, text in VERBS.items()]
    return "\n".join(
        [
            "usage: trashseg VERB [key=value ...]",
            "",
            *lines,
            "",
            "Every verb answers --help with its options. To begin: trashseg train experiment=quickstart",
        ]
    )
