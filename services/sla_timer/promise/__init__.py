"""The promise of a first response: one decider, each of its rules with its command in a module of its own."""
