"""No process outlives its run, however the run ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from libs.stack.identity import start_time
from libs.stack.process import Process
from libs.stack.run import DATA, Run
from libs.stack.wait import until

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
DEAF_SLEEPER = [
    sys.executable,
    "-c",
    "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()",
]
POLITE_SLEEPER = ["bash", "-c", "trap 'echo goodbye; exit' TERM; echo here; while true; do sleep 0.05; done"]
OWNER = """
import sys
from pathlib import Path
from libs.stack.process import Process
from libs.stack.run import Run
child = Process(Run.create(Path(sys.argv[1])), "child", [sys.executable, "-c", "import signal; signal.pause()"])
child.start()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_the_end_of_a_run_ends_its_processes_the_last_first(tmp_path: Path) -> None:
    with Run.create(tmp_path) as run:
        children = [Process(run, name, SLEEPER) for name in ("first", "second")]
        for child in children:
            child.start()
        pids = [child.pid for child in children]
    assert [start_time(pid) for pid in pids] == [None, None]
    assert not run.folder.exists()


def test_a_failed_run_leaves_its_logs_and_nothing_else_until_the_next(tmp_path: Path) -> None:
    run = Run.create(tmp_path)
    speaker = Process(run, "speaker", [sys.executable, "-c", "print('what went wrong')"])
    speaker.start()
    speaker.wait()
    (run.folder / "data").mkdir()
    run.close(keep_logs=True)
    assert "what went wrong" in speaker.log.read_text()
    assert not (run.folder / "data").exists()
    with Run.create(tmp_path):
        assert not run.folder.exists()


def test_data_that_is_kept_elsewhere_goes_with_its_run_also_with_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Run.create(runs) as run:
        monkeypatch.delenv(DATA, raising=False)
        assert run.folder_for_data() == run.folder
        monkeypatch.setenv(DATA, str(elsewhere))
        assert run.folder_for_data().parent == elsewhere
    assert not list(elsewhere.iterdir())
    killed = Run.create(runs)
    killed.folder_for_data()
    killed._lock.close()  # as its end by the kernel does
    assert len(list(elsewhere.iterdir())) == 1
    with Run.create(runs):
        assert not list(elsewhere.iterdir())


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    with Run.create(tmp_path) as run:
        deaf = Process(run, "deaf", DEAF_SLEEPER)
        deaf.start()
        until(lambda: "deaf" in deaf.log.read_text(), 5, "its first word")
        deaf.stop(seconds=0.2)
        assert not deaf.alive


def test_a_frozen_process_ends_in_order_when_asked(tmp_path: Path) -> None:
    with Run.create(tmp_path) as run:
        child = Process(run, "frozen", POLITE_SLEEPER)
        child.start()
        until(lambda: "here" in child.log.read_text(), 5, "its first word")
        child.freeze()
        child.stop(seconds=5)
        assert "goodbye" in child.log.read_text()


def test_children_die_with_a_killed_owner_and_the_next_run_clears_its_folder(tmp_path: Path) -> None:
    owner = _owner(tmp_path)
    child = _said_pid(owner)
    owner.kill()
    owner.communicate()
    until(lambda: start_time(child) is None, 5, "the death of the child")
    with Run.create(tmp_path) as run:
        assert [folder for folder in tmp_path.iterdir() if folder.is_dir()] == [run.folder]


def test_a_child_that_survived_its_owner_is_ended_by_the_next_run(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER) as survivor:
        _dead_run(tmp_path, survivor.pid, start_time(survivor.pid))
        with Run.create(tmp_path):
            assert survivor.wait(5) == -signal.SIGKILL


def test_a_stranger_that_got_the_number_of_a_dead_child_is_left_alone(tmp_path: Path) -> None:
    _dead_run(tmp_path, os.getpid(), "1")
    with Run.create(tmp_path):
        assert len(list(tmp_path.glob("*/lock"))) == 1


def test_a_second_run_leaves_the_first_alone(tmp_path: Path) -> None:
    owner = _owner(tmp_path)
    child = _said_pid(owner)
    with Run.create(tmp_path) as second:
        assert start_time(child) is not None
        assert len(list(tmp_path.glob("*/lock"))) == 2
    assert not second.folder.exists()
    owner.communicate()


def _owner(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _said_pid(owner: subprocess.Popen[str]) -> int:
    assert owner.stdout is not None
    return int(owner.stdout.readline())


def _dead_run(root: Path, pid: int, began: str | None) -> None:
    folder = root / "run-dead"
    folder.mkdir()
    (folder / "lock").touch()
    (folder / f"{pid}.pid").write_text(began or "")
