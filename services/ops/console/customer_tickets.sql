-- name: tickets_of_customer
-- The tickets of a customer, the youngest first.
select stream, state, centre, channel, product, opened_at, first_responded_at, reason
from tickets where customer = :customer
order by opened_at desc nulls last, stream
limit :most;
