-- name: terms_that_ended
-- Contracts whose term is over and that have no end yet, the earliest end first; `covered_until` itself is not covered.
-- With the one that follows, where a term of the same licence goes on: without a day between, and longer.
select c.stream, h.id as head, c.covered_until, c.correlation, c.customer, c.licence,
    following.stream as continued_by
from contracts c
join heads_contracts h using (stream)
left join lateral (
    select f.stream from contracts f
    where f.licence = c.licence and f.stream <> c.stream
        and f.first_day <= c.last_day + 1 and f.last_day > c.last_day
    order by f.first_day, f.stream limit 1) following on true
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
