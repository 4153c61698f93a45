"""SQL that is named once: parts of a file, and expressions that stand with a table."""

import pytest

from libs.eventlog.tables.queries import one_question, put_together, seeing

FILE = """
-- part: is_late
-- A part is a condition, and may say why.
due_at < :now

-- name: late
-- What is late.
select * from promises where {is_late} and {is_judged};

-- part: never
false
"""


def test_a_part_stands_wherever_it_is_named() -> None:
    assert "where due_at < :now and state = 'met';" in put_together(FILE, {"is_judged": "state = 'met'"})


def test_parts_are_no_queries() -> None:
    assert "-- part" not in (text := put_together(FILE, {"is_judged": "true"}))
    assert text.count("-- name: ") == 1
    assert "-- What is late." in text


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError, match="is_judged"):
        put_together(FILE, {})


def test_braces_that_hold_no_name_are_left_alone() -> None:
    path = "select s.state #>> '{promise,certificate}' from states s;"
    assert put_together(path, {}) == path


def test_every_query_sees_other_rows_in_place_of_a_table() -> None:
    one = "-- name: all\n-- All of them.\nfrom promises;\n-- name: none\nwithout any;\n"
    seen = "with promises as not materialized (select :a), states as not materialized (select :b)\n"
    assert seeing(one, {"promises": "select :a", "states": "select :b"}) == (
        f"-- name: all\n-- All of them.\n{seen}from promises;\n-- name: none\n{seen}without any;\n"
    )
    assert seeing(one, {}) == one


def test_several_queries_are_asked_in_one() -> None:
    assert one_question(
        {"late": "select * from promises limit :most", "early": "select 1 where :now < '2026-01-01'"}
    ) == (
        "-- name: finding\n"
        "select 'early' as name where exists (\nselect 1 where :now < '2026-01-01'\n)\n"
        "union all\n"
        "select 'late' as name where exists (\nselect * from promises limit :most\n);\n"
    )


def test_a_part_may_name_an_expression_and_another_part() -> None:
    text = "-- part: inner\na = {one}\n\n-- part: outer\n({inner}) and b\n\n-- name: all_of_it\nselect {outer};\n"
    assert put_together(text, {"one": "1"}).strip().endswith("select (a = 1) and b;")
