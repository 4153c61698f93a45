"""The console: what ops watches and does, as pages in a browser and as JSON.

owns    nothing: no database, no stream
reads   every service's tables (read only), the log, the services' pages
writes  through the doors alone, with who

A page is a module of `pages/` and a template:
1. `View`, a frozen pydantic model (`pages.page.View`): what the page shows, and what its JSON is.
2. `Query`, another one (`pages.page.Query`): the parameters of its path and URL; what does not fit answers 400.
3. `async def look(sources, query) -> View`: asks `sources` (log, tables, clock, cards); `NotThere` answers 404,
   `Unavailable` and `Refused` 503. What is reckoned is a pure function beside it, with a unit test.
4. `templates/<name>.html` extends `layout.html`; what may change while it is open stands in a fragment,
   `{% call live("id", "section") %}…{% endcall %}` (fragments may be nested, so that one row changes alone).
5. `PAGE = Page("/path", look, Query, View, "name.html", title, nav)`, and its name in `pages/__init__.py`: it is served
   as HTML and as JSON, live at `<path>/live`, and described by `/openapi.json`.
6. Its words stand in English, in `_()` or `{{ _("…") }}`; French in `words/fr.po` (a test names what is missing).
7. What is done there is an `Action("/path", Form, act)` of the module, listed beside the pages: a POST with a token.
8. Who may see it, and do what is done there, is a line of `access/roles.py` (a test names what is missing); what agents
   may see or do is narrowed to their centres by the page (`narrowed`, `centres`) and the action (`centres`), and a
   template asks `reader.access` before it shows a button.
9. Templates hold no style and no script of their own, nothing of another host; states are a word, a colour and a shape.
10. `tests/unit/console` (views), `tests/integration/console` (JSON and page on a real stack, axe in a browser).
"""
