"""A year of contracts: customers of all centres buy, sign or do not, and everything is reckoned once more elsewhere."""
