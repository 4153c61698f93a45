-- name: contracts_listed
-- Contracts with their latest terms, whose cover ends first before the others; after one of them.
select stream, state, customer, licence, licence_kind, products, centre, zone, number, first_day, last_day,
    covered_until, told, successor
from contracts
where (:centre::text is null or centre = :centre)
    and (:state::text is null or state = :state)
    and (:ends_before::date is null or last_day < :ends_before)
    and (:after::text is null or (covered_until, stream) > (
        select covered_until, stream from contracts where stream = :after))
order by covered_until, stream
limit :most;

-- name: centres_of_contracts
-- Whose contracts there are.
select distinct centre from contracts order by centre;
