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
-- On whose calendars some promises run, those that they stand for included, and the first opening that they are
-- reckoned from.
select stream, {on_centres} as centres, {on_since} as opened_at from promises
where stream = any(:streams) and calendar_centre is not null;

-- name: not_promised
-- Tickets that have no promise, the oldest first: a person must look at each. Only those that nobody has answered,
-- withdrawn or merged yet, or all.
select * from promises
where state = 'not-promised' and (not :open or (responded_at is null and cancelled_at is null))
order by opened_at, stream limit :most;

-- name: not_promised_count
-- How many tickets without a promise nobody has answered, withdrawn or merged yet, by reason.
select reason, count(*) as tickets from promises
where state = 'not-promised' and responded_at is null and cancelled_at is null
group by reason order by reason;

-- name: facts_of_merged
-- What happened to some tickets, each on its own stream; one row of JSON for each that was opened.
select f.stream, jsonb_build_object(
    'ticket', f.stream, 'centre', f.centre, 'channel', f.channel, 'opened_at', f.opened_at, 'facts', f.facts) as history
from promise_facts f
where f.stream = any(:tickets)
order by f.stream;

-- name: last_publication
-- The newest of all that is published of hours and targets, by its instant.
select greatest((select max(published_at) from calendars where published_at <= :now),
    (select max(published_at) from targets where published_at <= :now)) as at;

-- name: facts_of_cycles
-- All that is known of some tickets for their cycles, what is said of tickets absorbed in them included; one row of
-- JSON for each that was opened.
select o.ticket,
    (select sum(f.known) from cycle_facts f where f.ticket = o.ticket)::int as known,
    jsonb_build_object(
        'ticket', o.ticket, 'centre', o.centre, 'channel', o.channel, 'opened_at', o.opened_at,
        'facts', (
            select coalesce(jsonb_agg(x.fact order by f.stream, x.place), '[]'::jsonb)
            from cycle_facts f
            cross join jsonb_array_elements(f.facts) with ordinality as x (fact, place)
            where f.ticket = o.ticket)) as story
from cycle_facts o
where o.ticket = any(:tickets) and o.opened_at is not null
order by o.ticket;

-- name: tickets_measured
-- The opened tickets of which a cycle may run, or may have ended at an instant or later: all but those that were over
-- before it and stayed so.
select o.ticket
from cycle_facts o
cross join lateral (
    select
        max(x.at) filter (where x.kind in ('resolved', 'excluded', 'withdrawn', 'merged') and x.at >= o.opened_at) as over_at,
        max(x.at) filter (where x.kind in ('reopened', 'unmerged')) as again_at
    from cycle_facts f
    cross join jsonb_array_elements(f.facts) as y (fact)
    cross join lateral (select (y.fact ->> 0)::timestamptz as at, y.fact ->> 1 as kind) as x
    where f.ticket = o.ticket) as l
where o.opened_at is not null
    and (:centre::text is null or o.centre = :centre)
    and (:channel::text is null or o.channel = :channel)
    and (:customer::text is null or exists (
        select from promises p where p.stream = 'promise' || substr(o.ticket, 7) and p.customer = :customer))
    and (l.over_at is null or l.over_at >= :since or l.over_at <= l.again_at);

-- name: cycles_reckoned
-- The cycles of some tickets that have a target, as they were reckoned last, and which of them were missed.
select * from cycles where ticket = any(:tickets);
