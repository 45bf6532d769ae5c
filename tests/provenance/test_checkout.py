"""The state of the code."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from trashseg.provenance import checkout
from trashseg.provenance.checkout import look_at_checkout


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "trashseg").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "trunk")
    for name in ("a file", "b", "trashseg/c"):
        (folder / name).write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_clean_checkout(repository: Path, tmp_path: Path) -> None:
    found, diff = look_at_checkout(repository / "trashseg", tmp_path)
    assert found is not None
    assert (found.commit, found.branch) == (git(repository, "rev-parse", "HEAD"), "trunk")
    assert (found.folder, found.changed, found.diff_sha256, diff) == (str(repository), [], "", b"")


def test_a_dirty_one_keeps_its_diff(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "a file").write_text("two\n")
    git(repository, "mv", "b", "d e")
    (repository / "new one").touch()
    # The package lies elsewhere: then the working folder counts, or what it lies in.
    found, diff = look_at_checkout(tmp_path / "site-packages" / "trashseg", repository / "trashseg")
    assert found is not None
    assert sorted(found.changed) == ["a file", "d e", "new one"]
    assert b"-one\n+two\n" in diff
    assert hashlib.sha256(diff).hexdigest() == found.diff_sha256

    monkeypatch.setattr(checkout, "MOST_BYTES", 10)
    again, cut = look_at_checkout(repository / "trashseg", tmp_path)
    assert again is not None
    assert again.diff_sha256 == found.diff_sha256
    assert cut.startswith(diff[:10] + b"\n... cut off")
    assert f"{len(diff)} bytes".encode() in cut


def test_no_checkout_no_commit_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert look_at_checkout(empty / "trashseg", empty) == (None, b"")
    git(empty, "init", "-q", "-b", "trunk")
    (empty / "file").touch()
    found, diff = look_at_checkout(empty / "trashseg", empty)
    assert found is not None
    assert (found.commit, found.changed, diff) == ("", ["file"], b"")
    monkeypatch.setenv("PATH", "")
    assert look_at_checkout(empty / "trashseg", empty) == (None, b"")
