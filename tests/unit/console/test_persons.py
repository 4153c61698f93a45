"""What a token says of somebody: who they are, their roles, their centres."""

from typing import Any

import pytest

from services.ops.console.access.persons import Given, Naming, NoPerson, groups_of, person_of
from services.ops.console.access.roles import Access, Role

GROUPS = "ops=operator; it=viewer; it=privacy; care-fr=agent:france; care-jp=agent:japan; care=agent"
NAMING = Naming("sub", "groups", "centres", groups_of(GROUPS))


def access(claims: dict[str, Any], naming: Naming = NAMING) -> Access:
    return person_of({"sub": "anna-7", **claims}, naming).access


@pytest.mark.parametrize(
    ("claims", "roles", "centres"),
    [
        ({}, set(), set()),
        ({"groups": []}, set(), set()),
        ({"groups": ["others", "OPS", "operator"]}, set(), set()),
        ({"groups": ["ops"]}, {"operator"}, set()),
        ({"groups": "ops"}, {"operator"}, set()),
        ({"groups": "ops, it"}, {"operator", "viewer", "privacy"}, set()),
        ({"groups": ["care-fr", "care-jp"], "centres": ["brazil"]}, {"agent"}, {"france", "japan"}),
        ({"groups": ["care"], "centres": ["brazil", 7, None]}, {"agent"}, {"brazil"}),
        ({"groups": ["care"]}, {"agent"}, set()),
        ({"groups": ["ops"], "centres": ["brazil"]}, {"operator"}, set()),
        ({"groups": {"ops": True}}, set(), set()),
        ({"groups": 7}, set(), set()),
        ({"groups": [["ops"], {"a": 1}, None]}, set(), set()),
    ],
)
def test_groups_give_roles_and_centres(claims: dict[str, Any], roles: set[str], centres: set[str]) -> None:
    assert access(claims) == Access(frozenset(map(Role, roles)), frozenset(centres))


def test_a_claim_stands_within_another_or_has_dots_in_its_name() -> None:
    naming = Naming("sub", "realm_access.roles", "centres", groups_of(GROUPS))
    assert access({"realm_access": {"roles": ["ops"]}}, naming).roles == {Role.OPERATOR}
    assert access({"realm_access": "roles"}, naming).roles == set()
    dotted = Naming("sub", "https://olcare.example/groups", "centres", groups_of(GROUPS))
    assert access({"https://olcare.example/groups": ["ops"]}, dotted).roles == {Role.OPERATOR}


@pytest.mark.parametrize(
    "who", [None, "", 7, True, ["anna"], "anna@example.org", "Anna Exemple", "a" * 65, "-a", "a\n"]
)
def test_who_can_not_be_recorded_is_not_let_in(who: Any) -> None:
    with pytest.raises(NoPerson, match=r"has no sub that can be recorded.*OLCARE_OIDC_WHO_CLAIM"):
        person_of({"sub": who} if who is not None else {}, NAMING)


def test_groups_are_written_in_a_line_or_in_several() -> None:
    assert groups_of("a=viewer;b=agent:france") == groups_of("\na = viewer\nb= agent:france;\n")
    assert groups_of("cn=a,ou=b=viewer") == {"cn=a,ou=b": (Given(Role.VIEWER),)}
    assert groups_of("a=viewer;a=privacy")["a"] == (Given(Role.VIEWER), Given(Role.PRIVACY))


@pytest.mark.parametrize("text", ["viewer", "=viewer", "a=", "a=admin", "a=viewer:france", "a=agent france"])
def test_what_is_no_group_with_a_role_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no role|not group=role|an agent alone"):
        groups_of(text)
