"""Sentences in the language of whoever reads them: English is what the code says, each other one a file of `words/`."""
