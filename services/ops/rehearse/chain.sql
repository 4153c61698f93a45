-- What audit's chain says of a history that is rehearsed.

-- name: told_late
-- The tickets since an instant of which something was told so many seconds or more after it had happened.
select distinct stream
from chain_tickets
where recorded_at >= :since and recorded_at - occurred_at >= make_interval(secs => :seconds) and type = any(:types::text[]);

-- name: priced_since
-- The streams of which an event of some types was recorded since an instant.
select stream from chain_contracts where recorded_at >= :since and type = any(:types::text[])
union
select stream from chain_tickets where recorded_at >= :since and type = any(:types::text[]);
