import tomllib

from libs.chassis.build import VERSION, build
from libs.stack.run import PROJECT


def test_the_version_is_that_of_the_project() -> None:
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_a_build_names_its_revision_where_it_is_known() -> None:
    assert build({}) == build({"OLCARE_REVISION": ""}) == VERSION
    assert build({"OLCARE_REVISION": "4be1d3c"}) == f"{VERSION}+4be1d3c"
