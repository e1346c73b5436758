"""Real processes: a parent that starts a child, tells its id, and is killed."""

import select
import signal
import subprocess
import sys

import pytest

CHILD = """
import os, signal, sys, time
from pult.lib.process import die_with_parent
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
die_with_parent({parent}, grace_s=0.3)
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {child!r}.replace("PARENT", str(__import__("os").getpid()))])
time.sleep(60)
"""


@pytest.mark.parametrize("parent", ["PARENT", "None"])
@pytest.mark.parametrize("stubborn", [False, True])
def test_a_child_ends_when_its_parent_is_killed(parent, stubborn):
    code = PARENT.format(child=CHILD.format(parent=parent, stubborn=stubborn))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as started:
        assert int(started.stdout.readline()) != started.pid
        started.send_signal(signal.SIGKILL)
        # the child holds the other end of the pipe: it closes when the child has ended
        ready, _, _ = select.select([started.stdout], [], [], 10)
        assert ready and started.stdout.read() == b""


def test_a_parent_that_is_gone_already_is_noticed():
    code = CHILD.format(parent=2**22 + 1, stubborn=False)
    assert subprocess.run([sys.executable, "-c", code], timeout=10, check=False).returncode == -signal.SIGTERM
