"""`olcare sla`: the commands of its wing, with those of the wings above that show what it finds."""

from services.ops.explain.command import explain_
from services.ops.report.command import report
from services.ops.sla.command import app
from services.ops.sla.cycles import cycles

app.command()(cycles)
app.command("explain")(explain_)
app.command()(report)
