"""``--help`` in a fraction of the time that Hydra takes for it."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

from trashseg.config.paths import conf_dir

FLAGS = ("--help", "-h")


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for help and has no other flag; Hydra answers those that have."""
    return any(text in FLAGS for text in arguments) and all(text in FLAGS or text[:1] != "-" for text in arguments)


def help_text(verb: str, arguments: Sequence[str]) -> str:
    """Return what ``--help`` prints: the template of ``hydra.help`` with the config that the command line gives.

    Hydra lists the groups of the whole tree, whether the template shows them or not, and copies all that it has read
    once for each.

    Raises:
        HydraException: the command line holds a mistake.
    """
    overrides = [text for text in arguments if text not in FLAGS]
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        cfg = compose(verb, overrides=overrides, return_hydra_config=True)
    template = Template(cfg.hydra.help.template)
    with open_dict(cfg):
        del cfg["hydra"]
    return template.substitute(CONFIG=OmegaConf.to_yaml(cfg))
