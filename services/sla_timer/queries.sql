-- name: facts_for_promises
-- What is published for some centres: one row of JSON for each place in the list, in its order.
select
    jsonb_build_object(
        'calendar', (
            select jsonb_build_object('stream', c.stream, 'sequence', c.sequence, 'content', c.content)
            from calendars c where c.centre = asked.centre order by c.stream limit 1),
        'targets', (
            select jsonb_build_object('stream', t.stream, 'sequence', t.sequence, 'content', t.content)
            from targets t order by t.stream limit 1)
    ) as facts
from unnest(cast(:centres as text[])) with ordinality as asked (centre, place)
order by asked.place;

-- name: promise
-- One promise, by its stream id.
select * from promises where stream = :stream;

-- name: promises_by_state
-- How many promises of each centre are waiting, met, breached or were not given.
select centre, channel, state, count(*) as promises, count(*) filter (where warned) as warned
from promises group by centre, channel, state order by centre, channel, state;

-- name: not_promised
-- Tickets that have no promise, the oldest first: somebody has to look at each.
select * from promises where state = 'not-promised' order by opened_at, stream limit :most;
