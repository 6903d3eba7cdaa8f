"""The command ends cleanly on a closed pipe, on terminals that lack characters and on a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def shell(line, **changes):
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=os.environ | changes, check=False)


@pytest.mark.parametrize("arguments", ["bounds", "--help"])
def test_a_closed_pipe_ends_the_command_in_silence(arguments):
    done = shell(f"{sys.executable} -m sims {arguments} | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) in (("141\n", ""), ("0\n", ""))


def test_letters_that_the_terminal_lacks_are_replaced():
    done = shell(f"{sys.executable} -m sims bounds", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line():
    done = shell(f"{sys.executable} -m sims bounds > /dev/full")
    assert (done.returncode, done.stderr) == (1, "regretlab: cannot write the output: No space left on device\n")
