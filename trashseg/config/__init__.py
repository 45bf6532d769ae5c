"""The command line: where the config tree lies, how a verb runs, and what a mistyped option is told."""

from trashseg.config.objects import instantiate
from trashseg.config.paths import conf_dir
from trashseg.config.run import run_verb
from trashseg.config.values import plain

__all__ = ["conf_dir", "instantiate", "plain", "run_verb"]
