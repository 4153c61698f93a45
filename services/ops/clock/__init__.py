"""Plan time stepped on, each time when everything said by then is answered."""
