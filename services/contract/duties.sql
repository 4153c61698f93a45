-- name: terms_that_ended
-- Contracts whose term is over and that have not lapsed yet, the earliest end first; `covered_until` itself is not
-- covered.
select c.stream, h.id as head, c.covered_until, c.correlation
from contracts c
join heads_contracts h using (stream)
where c.state = 'active' and c.covered_until <= :now
order by c.covered_until, c.stream
limit :most;

-- name: next_term_end
-- The next instant of plan time at which a term ends.
select min(covered_until) as at from contracts where state = 'active';

-- name: tombstones_owed
-- Private records of erased persons that still stand in the private topic, also those that came after the erasure.
select p.key
from private_records p
where substring(p.key from '^person/[^/]+/[^/]+') in (select person from erased_persons)
order by p.key
limit :most;
