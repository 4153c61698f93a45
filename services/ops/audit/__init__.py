"""Records what people do by the command line and the console, and keeps the chain of every event of every log topic.

owns    olcare.ops.v1 (streams action), the door olcare.ops.in.v1 and its receipts
reads   every log topic
writes  nothing else
"""
