"""Records what people do at the command line, before it is done: today, who looks at what is private, and why.

owns    olcare.ops.v1 (streams action), the door olcare.ops.in.v1 and its receipts
reads   nothing else
writes  nothing else
"""
