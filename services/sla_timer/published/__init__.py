"""What is published of calendars, targets and tz versions, and what is in force at an instant."""
