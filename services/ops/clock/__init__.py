"""Steps plan time, each time once everything said by then is answered."""
