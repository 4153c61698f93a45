"""Who comes in to the console, and what they may."""

from tests.planted.bug import Bug

TOKENS = "tests/integration/console/test_sign_in.py"
SESSIONS = "tests/unit/console/test_sign_in.py"
ROLES = "tests/unit/console/test_roles.py"

BUGS = (
    Bug(
        name="token-for-somebody-else",
        file="services/ops/console/access/oidc.py",
        before='"aud": {"essential": True, "value": self._client.id}',
        after='"aud": {"essential": True}',
        why="a token that another program was given would let its people in here",
        test=f"{TOKENS}::test_a_token_that_is_not_right_lets_nobody_in",
    ),
    Bug(
        name="token-that-nobody-signed",
        file="services/ops/console/access/oidc.py",
        before="sorted(SIGNED & {*_algorithms(found)})",
        after="_algorithms(found)",
        why="where a provider allows `alg: none` beside, anybody could write a token",
        test=f"{TOKENS}::test_a_token_that_the_provider_has_not_signed_lets_nobody_in",
    ),
    Bug(
        name="groups-of-somebody-else",
        file="services/ops/console/access/oidc.py",
        before=' if more.get("sub") == claims["sub"] else claims\n',
        after="\n",
        why="what a provider says of one person could give roles to another",
        test=f"{TOKENS}::test_groups_of_another_person_are_of_no_use",
    ),
    Bug(
        name="answer-in-another-browser",
        file="services/ops/console/access/sign_in.py",
        before="            or not compare_digest(browser.encode(), begun.browser.encode())\n",
        after="",
        why="a link could sign somebody in as whoever sent it",
        test=f"{SESSIONS}::test_an_answer_is_of_use_in_the_browser_that_asked_and_once",
    ),
    Bug(
        name="answer-taken-twice",
        file="services/ops/console/access/sign_in.py",
        before='self._begun.pop(request.query_params["state"])',
        after='self._begun[request.query_params["state"]]',
        why="an answer of the provider could be used again by whoever reads it in a log",
        test=f"{SESSIONS}::test_an_answer_is_of_use_in_the_browser_that_asked_and_once",
    ),
    Bug(
        name="stream-outlives-its-session",
        file="services/ops/console/access/sessions.py",
        before="        session.over.set()\n",
        after="",
        why="who has signed out would go on being told what changes",
        test=f"{SESSIONS}::test_a_stream_ends_with_its_session",
    ),
    Bug(
        name="form-from-elsewhere",
        file="services/ops/console/guard.py",
        before='    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")\n',
        after="    return False\n",
        why="a browser that says whence a form comes by Origin alone would not be heard",
        test=f"{SESSIONS}::test_a_form_of_another_site_does_nothing_whatever_it_knows",
    ),
    Bug(
        name="ticket-of-another-centre",
        file="services/ops/console/gate.py",
        before="        if centres is not None and not centres & {*whose}:\n",
        after="        if centres is not None and not {*whose}:\n",
        why="an agent would read the tickets of every centre",
        test=f"{ROLES}::test_a_ticket_is_seen_by_an_agent_of_a_centre_that_it_is_with",
    ),
    Bug(
        name="notice-of-another-centre",
        file="services/ops/console/gate.py",
        before="        if self.sign_in and visitor.access.only(rule) is not None:\n",
        after="        if self.sign_in is None:\n",
        why="an agent would settle the notices of every centre",
        test=f"{ROLES}::test_a_notice_is_settled_by_an_agent_of_its_centre",
    ),
    Bug(
        name="sent-by-any-role",
        file="services/ops/console/access/roles.py",
        before='    "/dead-letters/send": OPERATORS,\n',
        after='    "/dead-letters/send": ALL,\n',
        why="a viewer could send dead letters",
        test=f"{ROLES}::test_something_is_done_by_whose_role_it_is_for_and_by_nobody_else",
    ),
    Bug(
        name="shown-in-another-browser",
        file="services/ops/console/grants.py",
        before="(grant.what, grant.browser) != (what, browser)",
        after="grant.what != what",
        why="what somebody was shown for a reason could be sent to anybody as a link",
        test="tests/unit/console/test_mending.py::test_what_is_shown_is_shown_for_a_while_and_is_one_thing",
    ),
)
