"""The plan as files: checked, exported, published, and its closures of years to come drafted."""
