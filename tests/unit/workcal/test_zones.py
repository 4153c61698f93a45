"""Civil time comes from the `tzdata` package, whatever the machine has, and every certificate says which release."""

import csv
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from libs.messages.certificates import Certificate
from libs.messages.tickets import Channel
from libs.plan import promise, working_calendar
from libs.workcal import tz_version, zone
from services.contract.plan import read_plan

PLAN = read_plan()
with (Path(__file__).parents[2] / "cases" / "deadlines.csv").open(encoding="utf-8") as rows:
    DEADLINES = [pytest.param(row, id=row["id"]) for row in csv.DictReader(rows)]
NOON = """
import sys, zoneinfo
from datetime import UTC, datetime
from libs.workcal import zone
noon = datetime(2026, 11, 24, 12, tzinfo=zone("Europe/Paris"))
print(noon.utcoffset(), zoneinfo.ZoneInfo("Europe/Paris").utcoffset(noon), zoneinfo.TZPATH)
"""


@pytest.fixture
def lying_system(tmp_path: Path) -> Path:
    """A database in which Paris is Tokyo."""
    (tmp_path / "Europe").mkdir()
    with as_file(files("tzdata") / "zoneinfo" / "Asia" / "Tokyo") as tokyo:
        shutil.copy(tokyo, tmp_path / "Europe" / "Paris")
    return tmp_path


def noon_in_paris(**environment: str) -> list[str]:
    """Our offset and the machine's, in a process that finds its database by this environment alone."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"PYTHONTZPATH", "TZ"}}
    asked = [sys.executable, "-W", "ignore", "-c", NOON]
    return subprocess.check_output(asked, env=inherited | environment, text=True).split(maxsplit=2)


def test_zones_are_those_of_the_package_where_the_system_lies(lying_system: Path) -> None:
    ours, theirs, _ = noon_in_paris(PYTHONTZPATH=str(lying_system))
    assert (ours, theirs) == ("1:00:00", "9:00:00")


@pytest.mark.parametrize("environment", [{}, {"PYTHONTZPATH": ""}, {"TZ": "Asia/Tokyo"}])
def test_zones_are_those_of_the_package_however_the_machine_is_set(environment: dict[str, str]) -> None:
    assert noon_in_paris(**environment)[0] == "1:00:00"


def test_zones_are_read_from_the_files_of_the_package_alone() -> None:
    opened = """
import sys
read = []
sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == "open" else None)
from libs.workcal import zone, zones
for name in zones.zone_names(): zone(name)
print(*{each for each in read if "zoneinfo" in each and not each.endswith((".py", ".pyc", ".so"))}, sep="\\n")
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONTZPATH"}
    places = subprocess.check_output([sys.executable, "-c", opened], env=environment, text=True).split()
    with as_file(files("tzdata") / "zoneinfo") as package:
        assert len(places) > 500
        assert all(Path(place).is_relative_to(package) for place in places)


def test_the_version_of_the_zones_is_that_of_the_package() -> None:
    year, number = version("tzdata").split(".")
    assert tz_version() == year + " abcdefghijklmnopqrstuvwxyz"[int(number)]


def test_the_data_are_of_the_version_that_is_told() -> None:
    first, *_ = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="ascii").splitlines()
    assert first == f"# version {tz_version()}"


def test_a_zone_knows_its_name() -> None:
    assert zone("America/Toronto").key == "America/Toronto"
    assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone("America/Toronto")).tzname() == "EDT"


@pytest.mark.parametrize("row", DEADLINES)
def test_every_certificate_names_the_version(row: dict[str, str]) -> None:
    [centre] = [each for each in PLAN.centres if each.centre == row["centre"]]
    opened_at = datetime.fromisoformat(row["opened_at"])
    certificate = promise(working_calendar(centre), PLAN.targets, Channel(row["channel"]), opened_at)
    assert certificate.tz_version == tz_version()
    assert certificate.model_dump(mode="json")["tz_version"] == tz_version()


def test_there_is_no_certificate_without_a_version() -> None:
    assert Certificate.model_fields["tz_version"].is_required()
