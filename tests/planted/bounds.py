"""Bounds of what a message may hold."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="seconds-beyond-the-calendar",
        file="libs/messages/base.py",
        before="Seconds = Annotated[int, Field(ge=0, le=INT32), ONLY_NUMBERS]",
        after="Seconds = Annotated[int, Field(ge=0), ONLY_NUMBERS]",
        why="a target of 9e13 seconds would end the door that takes it, for ever",
        test="tests/contracts/test_values.py::test_no_number_is_larger_than_what_is_reckoned_with_and_stored",
    ),
    Bug(
        name="version-beyond-integer",
        file="libs/messages/base.py",
        before="PlanVersion = Annotated[int, Field(ge=1, le=INT32), ONLY_NUMBERS]",
        after="PlanVersion = Annotated[int, Field(ge=1), ONLY_NUMBERS]",
        why="a plan version by date and time would count, and be stored by nobody",
        test="tests/contracts/test_values.py::test_no_number_is_larger_than_what_is_reckoned_with_and_stored",
    ),
    Bug(
        name="direction-marks-in-numbers",
        file="libs/messages/base.py",
        before=r'INVISIBLE = r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e',
        after=r'INVISIBLE = r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200d\u2028-\u2029',
        why="two numbers that look the same would be two tickets",
        test="tests/unit/test_bad_inputs.py::test_it_is_refused_with_its_cause_and_without_its_content",
    ),
    Bug(
        name="day-in-the-year-one",
        file="libs/messages/base.py",
        before='    if value.year not in YEARS:\n        raise ValueError(f"a day',
        after='    if value.year > YEARS.stop:\n        raise ValueError(f"a day',
        why="a term from the year 1 would leave the calendar",
        test="tests/contracts/test_values.py::test_a_day_is_a_date_and_nothing_else",
    ),
    Bug(
        name="naive-instants",
        file="libs/messages/base.py",
        before='    if value.tzinfo is None:\n        raise ValueError("an instant needs an offset from UTC")\n',
        after="",
        why="an instant would be whatever zone the machine has",
        test="tests/contracts/test_values.py::test_a_local_time_a_number_or_no_time_is_no_instant",
    ),
    Bug(
        name="street-in-a-stream-id",
        file="libs/messages/base.py",
        before='_PART = r"(?:[A-Za-z0-9._~-]|%(?:[35-9A-F][0-9A-F]|[24][1-9A-F]))+"',
        after='_PART = r"(?:[A-Za-z0-9._~-]|%[0-9A-F][0-9A-F])+"',
        why="a name or an address would fit into a log that is kept for ever",
        test="tests/contracts/test_values.py::test_an_address_or_a_full_name_is_no_number_of_a_person",
    ),
)
