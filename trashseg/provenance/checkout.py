"""The state of the code, where it is under version control with git."""

from __future__ import annotations

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT_SECONDS = 5.0
"""git is not waited for longer: on a slow network drive it may take minutes."""

MOST_BYTES = 1_000_000
"""A longer diff is cut off in the run's folder; its digest is that of the whole."""

PLAIN_NAMES = ("-c", "status.relativePaths=false", "-c", "core.quotePath=false")


@dataclass(frozen=True)
class Checkout:
    """A checkout as it is now.

    Args:
        folder: where it was looked at: its root, or a folder in it.
        commit: the full hash; empty before the first commit.
        branch: the branch, or ``(detached)``.
        changed: files that differ from the commit, those that git does not know included.
        diff_sha256: of the whole diff against the commit; empty where there is none.
    """

    folder: str
    commit: str
    branch: str
    changed: list[str] = field(default_factory=list)
    diff_sha256: str = ""


def look_at_checkout(package: Path, working: Path) -> tuple[Checkout | None, bytes]:
    """Return the checkout and its diff, at most about ``MOST_BYTES`` of it.

    Args:
        package: the installed trashseg; its checkout counts where it is run from one.
        working: otherwise, the checkout that this folder lies in.

    Returns:
        None and nothing where there is none, or git does not answer.
    """
    folder = package.parent if (package.parent / ".git").exists() else working
    with ThreadPoolExecutor(1) as pool:
        comparing = pool.submit(_git, folder, "diff", "HEAD")
        status, diff = _git(folder, "status", "--porcelain=v2", "--branch"), comparing.result() or b""
    if status is None:
        return None, b""
    lines = status.decode(errors="replace").splitlines()
    head = {words[1]: words[2] for words in (line.split(" ", 2) for line in lines if line.startswith("# branch."))}
    changed = [line for line in lines if not line.startswith("#")]
    commit = head.get("branch.oid", "").replace("(initial)", "")
    found = Checkout(str(folder), commit, head.get("branch.head", ""), [_name(line) for line in changed], _digest(diff))
    return found, _cut(diff)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints, None where it fails or is not there."""
    # Without the lock a run does not get in the way of a commit that is being made.
    command = ["git", "--no-optional-locks", "-C", str(folder), *PLAIN_NAMES, *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def _name(line: str) -> str:
    """Return the file that a line of git's porcelain format v2 is about."""
    fields = {"1": 8, "2": 9, "u": 10}.get(line[:1], 1)
    return line.split(" ", fields)[-1].partition("\t")[0]


def _digest(diff: bytes) -> str:
    return hashlib.sha256(diff).hexdigest() if diff else ""


def _cut(diff: bytes) -> bytes:
    if len(diff) <= MOST_BYTES:
        return diff
    return diff[:MOST_BYTES] + f"\n... cut off here: the whole diff has {len(diff)} bytes\n".encode()
