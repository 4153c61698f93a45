"""A draft of the plan against what happened: verdicts, deadlines, mails and prices as they would have been."""
