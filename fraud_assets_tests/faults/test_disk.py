"""A full disk in the middle of each step: with room again, the next run leaves what an undisturbed one would have."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from fraud_assets_tests.faults.comparison import assert_same
from fraud_assets_tests.faults.own_stack import OwnStack
from fraud_assets_tests.faults.pipeline_steps import STEPS
from fraud_assets_tests.lakes import copied

pytestmark = [pytest.mark.stack, pytest.mark.fault]

SIZE = 64 << 20
LEFT = 8 << 10
"""Bytes that a full disk still has: enough to begin with."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of the test's own."""
    try:
        with small_disk(tmp_path / "disk") as folder:
            yield folder
    except CannotMount as error:
        pytest.skip(str(error))


class CannotMount(Exception):
    """Mounting takes rights that are not given here."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of `SIZE` bytes, in memory, at the folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        raise CannotMount(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """The disk has next to nothing left."""
    ballast, room = disk / "ballast", os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_bsize - LEFT)
    try:
        yield
    finally:
        ballast.unlink()


def test_every_step_goes_on_when_a_full_disk_has_room_again(
    own: OwnStack, clean: dict[str, pl.DataFrame], empty: Path, disk: Path
) -> None:
    lake = copied(empty, disk / "lake")
    for step in STEPS:
        with full(disk), pytest.raises(Exception, match=r"(?i)no space|os error 28"):
            own.run(step, lake)
        own.run(step, lake)
    assert_same(lake, clean)
