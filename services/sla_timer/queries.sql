-- name: facts_for_promises
-- What is published for some centres, one row of JSON for each place in the list, in its order. Of each part the
-- publication in force at an instant and all later ones; where none was in force yet, all. Of the tz database all that
-- its versions changed in the zones of the centre.
select
    jsonb_build_object(
        'calendars', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'stream', c.stream, 'sequence', c.sequence, 'published_at', c.published_at, 'content', c.content)
                order by c.sequence), '[]'::jsonb)
            from calendars c
            where c.centre = asked.centre and not exists (
                select from calendars n
                where n.stream = c.stream and n.sequence > c.sequence and n.published_at <= :since)),
        'targets', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'stream', t.stream, 'sequence', t.sequence, 'published_at', t.published_at, 'content', t.content)
                order by t.sequence), '[]'::jsonb)
            from targets t
            where not exists (
                select from targets n
                where n.stream = t.stream and n.sequence > t.sequence and n.published_at <= :since)),
        'tz_changes', (
            select coalesce(jsonb_agg(change || jsonb_build_object('stream', d.stream)
                order by change ->> 'published_at', change ->> 'from_at'), '[]'::jsonb)
            from tz_databases d cross join jsonb_array_elements(d.changes) as change
            where change ->> 'zone' in (select c.content ->> 'zone' from calendars c where c.centre = asked.centre))
    ) as facts
from unnest(cast(:centres as text[])) with ordinality as asked (centre, place)
order by asked.place;

-- name: newest_tz_version
-- The newest published version of the tz database.
select max(version) as version from tz_databases;

-- name: grounds_of_promises
-- On whose calendar some promises run, and since when.
select stream, calendar_centre as centre, opened_at from promises
where stream = any(:streams) and calendar_centre is not null;

-- name: promise
-- One promise, by its stream id.
select * from promises where stream = :stream;

-- name: promises_by_state
-- How many promises of each centre are waiting, met, breached, cancelled or were not given.
select centre, channel, state, count(*) as promises, count(*) filter (where warned) as warned
from promises group by centre, channel, state order by centre, channel, state;

-- name: not_promised
-- Tickets that have no promise, the oldest first: somebody has to look at each.
select * from promises where state = 'not-promised' order by opened_at, stream limit :most;
