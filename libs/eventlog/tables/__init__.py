"""What stands in PostgreSQL: the tables of each reader, their generations, and named queries over them."""
