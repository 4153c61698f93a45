"""contract owns customers, licences, support contracts, what cover opens, and the published plan.

Owns   customer/, licence/, contract/ and entitlements/<source>/<number>, on olcare.contracts.v1;
       calendar/, targets/, prices/, versions/, reminders/ and tz/plan/<part>, on olcare.plan.v1
Reads  olcare.contracts.in.v1 (its door) and its own topics
Writes olcare.contracts.v1, olcare.plan.v1, olcare.contracts.receipts.v1, olcare.contracts.in.v1.dlq, olcare.private.v1
"""
