"""Which parts of a page are sent to whoever has it open: what differs, each part alone, and nothing else."""

from collections.abc import Mapping

import pytest
from jinja2 import Environment

from services.ops.console.fragments import Fragments, Recorder, changed, out_of_band

TABLE = Environment(autoescape=True).from_string(
    '{% call live("table", "table", class_="rows") %}<caption>{{ caption }}</caption>'
    '{% for name, value in rows.items() %}{% call live("row-" ~ name, "tr") %}<td>{{ value }}</td>{% endcall %}'
    "{% endfor %}"
    "{% endcall %}"
)


def made(rows: Mapping[str, str], caption: str = "Rows") -> Fragments:
    live = Recorder()
    TABLE.render(live=live, rows=rows, caption=caption)
    return live.fragments()


def test_who_has_seen_nothing_is_sent_the_whole() -> None:
    [table] = changed(Fragments(), made({"a": "1"}))
    assert table == '<table id="table" class="rows"><caption>Rows</caption><tr id="row-a"><td>1</td></tr></table>'


def test_nothing_is_sent_where_nothing_differs() -> None:
    assert list(changed(made({"a": "1"}), made({"a": "1"}))) == []


def test_a_row_that_differs_is_sent_alone() -> None:
    before, after = made({"a": "1", "b": "1"}), made({"a": "1", "b": "2"})
    assert list(changed(before, after)) == ['<tr id="row-b"><td>2</td></tr>']


@pytest.mark.parametrize("rows", [{"a": "1"}, {"b": "1", "a": "1"}, {"a": "1", "b": "1", "c": "1"}])
def test_rows_that_go_come_or_change_places_bring_the_table(rows: Mapping[str, str]) -> None:
    [table] = changed(made({"a": "1", "b": "1"}), made(rows))
    assert table.startswith("<table")


def test_what_stands_around_the_rows_brings_the_table() -> None:
    [table] = changed(made({"a": "1"}), made({"a": "2"}, caption="More"))
    assert "More" in table
    assert "<td>2</td>" in table


def test_what_somebody_wrote_is_text_in_a_part_and_in_its_attributes() -> None:
    template = Environment(autoescape=True).from_string('{% call live("a", "p", title=said) %}{{ said }}{% endcall %}')
    live = Recorder()
    template.render(live=live, said='"><script>')
    assert "<script>" not in live.fragments().by_id["a"].html


def test_two_parts_can_not_have_one_id() -> None:
    template = Environment(autoescape=True).from_string(
        '{% call live("a") %}{% endcall %}{% call live("a") %}{% endcall %}'
    )
    with pytest.raises(ValueError, match="the id a"):
        template.render(live=Recorder())


def test_a_part_that_is_sent_replaces_the_one_of_its_id() -> None:
    assert out_of_band('<tr id="row-a"><td>1</td></tr>') == '<tr hx-swap-oob="true" id="row-a"><td>1</td></tr>'
