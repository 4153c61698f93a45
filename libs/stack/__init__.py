"""The local Kafka, PostgreSQL and mail catcher as processes that end with the run that started them."""
