"""A database server that may not be root's must reach its folder."""

from pathlib import Path

from libs.stack.account import SystemUser, may_enter

SOMEBODY = SystemUser(uid=65_534, gid=65_534)


def test_ourselves_may_enter_what_we_made(tmp_path: Path) -> None:
    assert may_enter(tmp_path, None)


def test_another_user_may_not_walk_through_a_closed_folder(tmp_path: Path) -> None:
    (tmp_path / "closed" / "open").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not may_enter(tmp_path / "closed" / "open", SOMEBODY)


def test_another_user_may_enter_the_systems_own_folders() -> None:
    assert may_enter(Path("/usr/lib"), SOMEBODY)
