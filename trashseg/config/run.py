"""Run one verb under Hydra, with errors that a user can act on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from trashseg.config.explain import explain
from trashseg.config.groups import register_listing
from trashseg.config.help import asks_for_help, help_text
from trashseg.config.paths import conf_dir
from trashseg.config.ranks import rank_overrides
from trashseg.config.values import check_values, plain
from trashseg.sweep.outcome import as_typed, is_first_process, recorded
from trashseg.sweep.process import end_with_parent
from trashseg.types import ConfigError, TrashsegError

EXIT_USER_ERROR = 2


def run_verb(name: str, body: Callable[[DictConfig], Any]) -> None:
    """Compose ``conf/NAME.yaml`` with the command line and call ``body`` with it, once or once a sweep job.

    A :class:`TrashsegError` and every mistake in the config become one line on stderr and exit status 2; any other
    error keeps its traceback. In a sweep every job is a process of its own; those after a failed one still run, and
    the table at the end says why it failed.
    """
    end_with_parent()
    # Without this Hydra swallows the exception that explains the mistake and prints its own text.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    register_listing()
    try:
        _run(name, body)
    except TrashsegError as error:
        fail(error)
    except (HydraException, OmegaConfBaseException) as error:
        fail(ConfigError(explain(error, name, sys.argv[1:])))
    except BrokenPipeError:
        # The reader, such as head, has seen enough; nothing may be flushed into its pipe at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ValueError as error:
        # Hydra's own word for GROUP=null; any other keeps its traceback.
        if "Config group override" not in str(error):
            raise
        fail(ConfigError("a group takes the name of an option: GROUP=OPTION, not null; --help lists the options."))


def _run(name: str, body: Callable[[DictConfig], Any]) -> None:
    if asks_for_help(sys.argv[1:]):
        print(help_text(name, sys.argv[1:]), flush=True)
        return
    sys.argv = [*sys.argv, *rank_overrides(name, sys.argv[1:])]
    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=name)(_task(name, body))()


def _task(name: str, body: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Wrap ``body``: fill in the run folder, check values, record where the run comes from and how it ended."""

    def task(cfg: DictConfig) -> Any:
        """Run one job of the verb."""
        hydra_cfg = HydraConfig.get()
        if hydra_cfg.mode == RunMode.MULTIRUN:
            from trashseg.sweep.job import run_job

            return run_job(name, cfg)
        OmegaConf.set_struct(cfg, True)
        cfg.run_dir = hydra_cfg.runtime.output_dir

        def checked() -> Any:
            _check(cfg, name)
            if is_first_process():
                from trashseg.provenance import leave_record

                leave_record(Path(cfg.run_dir), name, plain(cfg))
            return body(cfg)

        job = None if OmegaConf.is_missing(hydra_cfg.job, "num") else int(hydra_cfg.job.num)
        try:
            return recorded(checked, Path(cfg.run_dir), as_typed(hydra_cfg.overrides.task), job)
        except TrashsegError as error:
            fail(error)

    return task


def _check(cfg: DictConfig, name: str) -> None:
    """Check the values, before Hydra sees what OmegaConf says of them."""
    try:
        check_values(cfg, name)
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error, name, HydraConfig.get().overrides.task)) from error


def fail(error: TrashsegError) -> None:
    """Print ``error`` as one line on stderr and leave with status 2."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(EXIT_USER_ERROR)
