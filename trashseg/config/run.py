"""Run one verb under Hydra, with errors that a user can act on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from trashseg.config.explain import explain
from trashseg.config.paths import conf_dir
from trashseg.config.values import check_values
from trashseg.types import ConfigError, TrashsegError

EXIT_USER_ERROR = 2


def run_verb(name: str, body: Callable[[DictConfig], Any]) -> None:
    """Compose ``conf/NAME.yaml`` with the command line and call ``body`` with it, once or once a sweep job.

    A :class:`TrashsegError` and every mistake in the config become one line on stderr and exit status 2; any other
    error keeps its traceback. In a sweep the jobs after a failed one still run.
    """
    # Without this Hydra swallows the exception that explains the mistake and prints its own text.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=name)(_task(name, body))()
    except TrashsegError as error:
        fail(error)
    except (HydraException, OmegaConfBaseException) as error:
        fail(ConfigError(explain(error, name, sys.argv[1:])))
    except ValueError as error:
        # Hydra's own word for GROUP=null; any other keeps its traceback.
        if "Config group override" not in str(error):
            raise
        fail(ConfigError("a group takes the name of an option: GROUP=OPTION, not null; --help lists the options."))


def _task(name: str, body: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Wrap ``body``: fill in the run folder, check values, and print user errors as one line."""

    def task(cfg: DictConfig) -> Any:
        """Run one job of the verb."""
        try:
            OmegaConf.set_struct(cfg, True)
            cfg.run_dir = HydraConfig.get().runtime.output_dir
            _checked(cfg, name)
            return body(cfg)
        except TrashsegError as error:
            # A sweep goes on with its next job and reports the error at its end.
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise
            fail(error)

    return task


def _checked(cfg: DictConfig, name: str) -> None:
    """Check the values, before Hydra sees what OmegaConf says of them."""
    try:
        check_values(cfg, name)
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error, name, HydraConfig.get().overrides.task)) from error


def fail(error: TrashsegError) -> None:
    """Print ``error`` as one line on stderr and leave with status 2."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(EXIT_USER_ERROR)
