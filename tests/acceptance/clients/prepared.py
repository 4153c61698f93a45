"""What the programs of docs/integrate.md need, as pinned here: fetched when first asked for, and kept in the cache."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from libs.stack.cache import ROOT_CACHE, cached, run_quietly, uv
from libs.stack.errors import StackError
from libs.stack.java import kafka_jars

HERE = Path(__file__).parent
DEBIAN = HERE / "debian.txt"
"""The packages that kcat needs beside those that every Debian has."""


class Client(NamedTuple):
    """A language: the program that must be on PATH, and what puts the rest into the folder where it is to run."""

    program: str
    prepare: Callable[[Path], Mapping[str, str]]
    """Gives the variables to run with; raises StackError where something can not be fetched."""


def _kcat(folder: Path) -> Mapping[str, str]:
    """The one that is installed, else the packages of this Debian, taken apart: that needs no rights."""
    del folder
    if shutil.which("kcat"):
        return {}
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise StackError("kcat is not installed, and there is no apt-get that could fetch it")
    found = cached("integrate-kcat", DEBIAN, _from_debian)
    libraries = ":".join(str(path.parent) for path in found.glob("usr/lib/**/librdkafka.so.1"))
    return {"PATH": str(found / "usr/bin"), "LD_LIBRARY_PATH": libraries}


def _from_debian(into: Path) -> None:
    """Take packages apart, by lists of what there is that are fetched for this alone."""
    with tempfile.TemporaryDirectory(prefix="apt-") as folder:
        for name in ("lists", "cache"):
            Path(folder, name).mkdir()
        own = [f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}/cache", "APT::Sandbox::User="]
        apt = ["apt-get", "--quiet=2", *(word for option in own for word in ("--option", option))]
        run_quietly([*apt, "update"], "apt-get does not say which packages there are")
        fetch = 'cd "$0" && exec "$@"'  # it leaves packages where it is called
        run_quietly(["sh", "-c", fetch, folder, *apt, "download", *DEBIAN.read_text().split()], "apt-get has no kcat")
        for package in Path(folder).glob("*.deb"):
            run_quietly(["dpkg-deb", "--extract", str(package), str(into)], f"{package.name} can not be taken apart")


def _python(folder: Path) -> Mapping[str, str]:
    del folder
    lock = HERE / "requirements.lock"
    install = [uv(), "pip", "install", "--no-deps", "--require-hashes", "--python", sys.executable, "-r", str(lock)]

    def fetch(into: Path) -> None:
        run_quietly([*install, "--target", str(into)], "uv did not give confluent-kafka")

    return {"PYTHONPATH": str(cached("integrate-python", lock, fetch))}


def _javascript(folder: Path) -> Mapping[str, str]:
    def fetch(into: Path) -> None:
        _copy(into, "package.json", "package-lock.json")
        command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(into)]
        run_quietly(command, "npm did not give kafkajs")

    modules = cached("integrate-javascript", HERE / "package-lock.json", fetch)
    (folder / "node_modules").symlink_to(modules / "node_modules")
    return {}


def _java(folder: Path) -> Mapping[str, str]:
    (folder / "lib").symlink_to(kafka_jars())
    return {}


def _go(folder: Path) -> Mapping[str, str]:
    here = {"GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local", "GOCACHE": str(ROOT_CACHE / "integrate-go-build")}

    def fetch(into: Path) -> None:
        _copy(into, "go.mod", "go.sum")
        run_quietly(["go", "-C", str(into), "mod", "download"], "go did not give kafka-go", {**here, **_modules(into)})

    _copy(folder, "go.mod", "go.sum")
    return {**here, **_modules(cached("integrate-go", HERE / "go.sum", fetch))}


def _modules(folder: Path) -> Mapping[str, str]:
    return {"GOMODCACHE": str(folder / "modules")}


def _csharp(folder: Path) -> Mapping[str, str]:
    _copy(folder, "integrate.csproj")
    run_quietly(["dotnet", "restore", str(folder / "integrate.csproj")], "dotnet did not give Confluent.Kafka")
    return {}


def _copy(into: Path, *names: str) -> None:
    for name in names:
        shutil.copy(HERE / name, into)


CLIENTS: Mapping[str, Client] = {
    "kcat": Client("sh", _kcat),
    "Python": Client("python3", _python),
    "JavaScript": Client("npm", _javascript),
    "Java": Client("javac", _java),
    "Go": Client("go", _go),
    "C#": Client("dotnet", _csharp),
}
"""By the heading of the document."""
