-- Duties of promises and of cycles. Aliases in the parts: p a promise, r reckoned cycles, c a calendar, t and g
-- targets, d a tz database and x a change that it made. Conditions on a promise alone are with its table
-- (promise/rows.py). A comparison that `is true` is asked of what an index has found by something else: the planner can
-- not take it for a way to the rows. With `offset 0` a query is planned by itself, and asked for each row of what it is joined to, which are few.

-- part: p_was_merged
-- Its ticket was ever merged with another: it is restated by the facts of both.
exists (
    select from promise_facts f
    where f.stream = p.ticket and f.survivors <> '{}'
    union all
    select from promise_facts f
    where f.survivors <> '{}' and f.survivors @> array[p.ticket])

-- part: grounds_of_p
-- All that it stands for where others were absorbed in it, each with what it was reckoned on; none where none were.
jsonb_to_recordset(p.beside) as b (
    centre text, due_at timestamptz, version int, targets_version int, target_seconds int, target_channel text,
    zone text, tz_version text, reckoned_from timestamptz)

-- part: c_is_newer_than_b
(c.centre = b.centre and c.version > b.version and c.published_at < b.due_at)

-- part: t_is_shorter_than_b
(t.version > b.targets_version and t.published_at < b.due_at
    and (t.seconds ->> b.target_channel)::int < b.target_seconds)

-- part: x_is_a_newer_tz_of_b
(x.zone = b.zone and x.version collate "C" > b.tz_version
    and greatest(x.published_at, b.reckoned_from) < b.due_at
    and x.from_at <= b.due_at and x.until_at > greatest(x.published_at, b.reckoned_from))

-- part: c_is_newer_than_p
-- A newer calendar of its centre, published before its deadline. Where it stands for several, each of them is asked.
(p.beside is null and c.centre = p.calendar_centre and c.version > p.calendar_version
    and (c.published_at < p.due_at) is true)

-- part: t_is_shorter_than_p
-- Newer targets, published before its deadline, that give its channel less working time.
(p.beside is null and t.version > p.targets_version and (t.published_at < p.due_at) is true
    and (t.seconds ->> p.target_channel)::int < p.target_seconds)

-- part: tz_changes_in_d
jsonb_to_recordset(d.changes) as x (
    version text, published_at timestamptz, zone text, from_at timestamptz, until_at timestamptz)

-- part: x_is_a_newer_tz_of_p
-- A newer version of the tz database that has other offsets for its zone at an instant that was still ahead of it.
(p.beside is null and x.zone = p.zone and x.version collate "C" > p.tz_version
    and (greatest(x.published_at, p.reckoned_from) < p.due_at and x.from_at <= p.due_at) is true
    and x.until_at > greatest(x.published_at, p.reckoned_from))

-- part: g_gives_cycles_targets
(g.published_at <= :now and jsonb_path_exists(g.content, '$.cycles.* ? (@ > 0)'))

-- part: r_has_newer_hours
exists (
    select from calendars c
    where c.centre = r.centre and c.version > r.calendar_version and c.published_at <= :now)

-- part: r_has_newer_targets
-- Newer targets, published by `t.last_at`, the last instant that any fact of the ticket is about.
exists (
    select from targets g
    where g.version > r.targets_version and g.published_at <= :now and g.published_at <= t.last_at)

-- part: c_is_wanting_to_p
-- A calendar of its centre, where none was known; a newer one, where no deadline could be given on those that were.
(c.centre = p.centre and (p.wanting = 'grounds' or c.version > p.calendar_version))

-- name: promises_to_reconsider
-- Tickets without a promise, that nobody has answered or called off, for which what was wanting is published by now.
select p.stream, h.id as head, p.centre, p.opened_at, p.correlation
from promises p
join streams_sla h using (stream)
where {is_wanting} and exists (select from targets) and exists (
    select from calendars c
    where {c_is_wanting_to_p} and (p.wanting = 'grounds' or c.published_at <= :now))
order by p.opened_at, p.stream
limit :most;

-- name: promises_on_older_grounds
-- Promises that run, and for which something newer was published before their deadline: another calendar of their
-- centre, a shorter target, or a version of the tz database that is installed here and has other offsets for their zone
-- at an instant that was still ahead of them. The search starts from the publications, which are few: where none is
-- newer than the oldest grounds that a promise runs on, no promise is read, however many run. Promises that stand for
-- those of absorbed tickets are few: each of these is asked. What is found is looked up one by one: whatever number of
-- them is expected, the promises that run are not gone through in the order of their deadlines.
select p.stream, h.id as head, {on_centres} as centres, {on_since} as opened_at, p.correlation
from (
    select p.stream
    from calendars c
    cross join lateral (
        select p.stream from promises p where p.state = 'waiting' and {c_is_newer_than_p} offset 0) p
    where c.published_at <= :now and c.version > (
        select min(calendar_version) from promises where state = 'waiting' and calendar_centre = c.centre)
    union
    select o.stream
    from targets t
    cross join jsonb_each_text(t.seconds) as s (channel, seconds)
    cross join lateral (
        select o.stream from promises o
        where o.state = 'waiting' and o.beside is null and o.target_channel = s.channel
            and o.target_seconds > s.seconds::int
            and (o.targets_version < t.version and t.published_at < o.due_at) is true offset 0) o
    where t.published_at <= :now
        and t.version > (select min(targets_version) from promises where state = 'waiting')
        and s.seconds::int < (
            select max(target_seconds) from promises
            where state = 'waiting' and target_channel = s.channel)
    union
    select p.stream
    from tz_databases d
    cross join {tz_changes_in_d}
    cross join lateral (
        select p.stream from promises p where p.state = 'waiting' and {x_is_a_newer_tz_of_p} offset 0) p
    where x.version collate "C" <= :installed and x.published_at <= :now
    union
    select p.stream
    from promises p
    cross join {grounds_of_p}
    where p.state = 'waiting' and p.beside is not null and (
        exists (select from calendars c where c.published_at <= :now and {c_is_newer_than_b})
        or exists (select from targets t where t.published_at <= :now and {t_is_shorter_than_b})
        or exists (
            select from tz_databases d
            cross join {tz_changes_in_d}
            where x.version collate "C" <= :installed and x.published_at <= :now and {x_is_a_newer_tz_of_b}))
) as older
cross join lateral (select * from promises where stream = older.stream limit 1) p
join streams_sla h on h.stream = p.stream
order by p.due_at, p.stream
limit :most;

-- name: promises_at_risk
-- Promises with a used-up share of the target that nobody was warned of, and a deadline that has not passed.
select p.stream, h.id as head, p.at_risk_at, p.correlation
from promises p
join streams_sla h using (stream)
where p.state = 'waiting' and p.at_risk_at <= :now and (p.due_at >= :now) is true
order by p.at_risk_at, p.stream
limit :most;

-- name: promises_with_owed_calls
-- Promises of which a call was noted that is still to be reckoned, on the calendar that they run on now.
select p.stream, h.id as head, {on_centres} as centres, {on_since} as opened_at, p.owed_call_at, p.correlation
from promises p
join streams_sla h using (stream)
where p.owed_call_at is not null and p.due_at is not null
order by p.stream
limit :most;

-- name: promises_answered
-- Promises whose deadline has become later, so that an answer that was late is now in time.
select p.stream, h.id as head, p.responded_at, p.correlation
from promises p
join streams_sla h using (stream)
where p.state = 'waiting' and (p.responded_at <= p.due_at) is true
order by p.due_at, p.stream
limit :most;

-- name: promises_due
-- Promises whose deadline has passed: an answer at the very instant is still in time. One with a newer publication
-- before its deadline is reckoned anew first.
select p.stream, h.id as head, p.due_at, {on_centres} as centres, p.correlation
from promises p
join streams_sla h using (stream)
where p.state = 'waiting' and p.due_at < :now and (p.responded_at <= p.due_at) is not true and not exists (
    select from calendars c where {c_is_newer_than_p})
and not exists (
    select from targets t where {t_is_shorter_than_p})
and not exists (
    select from tz_databases d cross join {tz_changes_in_d} where {x_is_a_newer_tz_of_p})
and not exists (
    select from {grounds_of_p}
    where exists (select from calendars c where c.published_at < :now and {c_is_newer_than_b})
        or exists (select from targets t where t.published_at < :now and {t_is_shorter_than_b})
        or exists (
            select from tz_databases d
            cross join {tz_changes_in_d}
            where x.published_at < :now and {x_is_a_newer_tz_of_b}))
order by p.due_at, p.stream
limit :most;

-- name: promises_to_restate
-- Judged promises of which more is known than at the verdict: an answer, or other hours of their centre while they ran.
-- The verdict stated last is not the one that follows from it, or has not been reckoned yet on the calendar of a
-- `version`, but for those `streams` that are known to stay as they are by one of the `versions`.
select distinct on (stream) *
from (
    select p.stream, h.id as head, {on_centres} as centres, {on_since} as opened_at, p.correlation, null as version
    from promises p
    join streams_sla h using (stream)
    where {is_judged} and {differs} and not {p_was_merged}
    union all
    select p.stream, h.id as head, {on_centres} as centres, {on_since} as opened_at, p.correlation, x.version
    from calendar_changes c
    cross join jsonb_to_recordset(c.changes)
        as x (version int, published_at timestamptz, from_at timestamptz, until_at timestamptz)
    cross join lateral (
        select * from promises p
        where {is_judged} and {span} && tstzrange(x.from_at, x.until_at)
            and p.calendar_centre = c.centre and p.calendar_version < x.version offset 0) p
    join streams_sla h on h.stream = p.stream
    where x.published_at <= :now and not {p_was_merged} and not exists (
        select from unnest(cast(:streams as text[]), cast(:versions as int[])) as stays (stream, version)
        where stays.stream = p.stream and stays.version >= x.version)
) as found
order by stream, version desc
limit :most;

-- name: merged_promises
-- Promises of tickets that were ever merged, of those where something was recorded since an instant of any ticket that
-- they were merged with; `tickets` are all of these.
with recursive seeds as (
    select f.stream
    from promise_facts f
    where exists (select from promise_facts where survivors <> '{}')
        and f.recorded_at >= coalesce(:since, '-infinity'::timestamptz)
        and (f.survivors <> '{}' or exists (
            select from promise_facts a where a.survivors <> '{}' and a.survivors @> array[f.stream]))
),
near (seed, stream) as (
    select stream, stream from seeds
    union
    select n.seed, o.stream
    from near n
    cross join lateral (
        select unnest(f.survivors) as stream from promise_facts f where f.stream = n.stream
        union all
        select a.stream from promise_facts a where a.survivors <> '{}' and a.survivors @> array[n.stream]) o
),
together (seed, tickets) as (select seed, array_agg(stream order by stream) from near group by seed)
select p.*, {on_centres} as centres, h.id as head, g.tickets
from (
    select distinct on (n.stream) n.stream, t.tickets
    from near n
    join together t using (seed)
    order by n.stream, n.seed
) g
cross join lateral (
    select * from promises where stream = 'promise' || substr(g.stream, 7) and due_at is not null offset 0) p
join streams_sla h on h.stream = p.stream
order by p.stream;

-- name: any_merge
-- Whether any ticket was ever merged.
select from promise_facts where survivors <> '{}' limit 1;

-- name: next_due
-- The first instant at which one of these duties will act.
select least(
    (select min(at_risk_at) from promises where state = 'waiting' and (due_at >= :now) is true),
    (select min(due_at) from promises where state = 'waiting') + interval '1 microsecond',
    (select min(c.published_at) from calendars c
     where c.published_at > :now and exists (
         select from promises p
         where p.state = 'waiting' and {c_is_newer_than_p} offset 0)),
    (select min(t.published_at) from targets t
     where t.published_at > :now and exists (
         select from promises p
         where p.state = 'waiting' and {t_is_shorter_than_p} offset 0)),
    (select min(c.published_at) from calendars c
     where c.published_at > :now and exists (
         select from promises p cross join {grounds_of_p}
         where p.state = 'waiting' and p.beside is not null and {c_is_newer_than_b})),
    (select min(t.published_at) from targets t
     where t.published_at > :now and exists (
         select from promises p cross join {grounds_of_p}
         where p.state = 'waiting' and p.beside is not null and {t_is_shorter_than_b})),
    (select min(x.published_at) from tz_databases d
     cross join {tz_changes_in_d}
     where x.published_at > :now and x.version collate "C" <= :installed and exists (
         select from promises p cross join {grounds_of_p}
         where p.state = 'waiting' and p.beside is not null and {x_is_a_newer_tz_of_b})),
    (select min(c.published_at) from calendars c
     where c.published_at > :now and exists (
         select from promises p
         where {is_wanting} and p.wanting <> 'grounds' and {c_is_wanting_to_p})),
    (select min(next_due_at) from cycles) + interval '1 microsecond',
    (select min(c.published_at) from calendars c
     where c.published_at > :now and exists (
         select from cycles r where r.is_running and r.centre = c.centre and r.calendar_version < c.version)),
    (select min(x.published_at) from tz_databases d
     cross join {tz_changes_in_d}
     where x.published_at > :now and x.version collate "C" <= :installed and exists (
         select from promises p where p.state = 'waiting' and {x_is_a_newer_tz_of_p} offset 0))) as at;

-- name: cycles_to_reckon
-- Tickets of which more is known than what their cycles were reckoned on: facts, hours or targets. Where the plan gives
-- no target for cycles, no table is read; else only tickets count that have a fact about an instant since the first
-- such targets. The candidates are the tickets of which something was recorded since an instant, and those whose
-- deadlines newer calendars or targets may move.
with looked_through as (
    select f.ticket from cycle_facts f where f.recorded_at >= coalesce(:since, '-infinity'::timestamptz)
    union
    select r.ticket from cycles r
    join calendars c on c.centre = r.centre and c.version > r.calendar_version and c.published_at <= :now
    where r.is_running
    union
    select r.ticket from cycles r
    join targets g on g.version > r.targets_version and g.published_at <= :now
    where r.is_running
)
select 'cycles' || substr(t.ticket, 7) as stream, h.id as head, t.ticket, t.centre, t.opened_at, t.correlation
from (
    select ticket, sum(known) as known, max(last_at) as last_at, max(centre) as centre, max(opened_at) as opened_at,
        max(correlation) as correlation
    from cycle_facts where ticket in (select ticket from looked_through) group by ticket
) t
left join cycles r on r.stream = 'cycles' || substr(t.ticket, 7)
left join streams_sla h on h.stream = 'cycles' || substr(t.ticket, 7)
where exists (
    select from targets g where {g_gives_cycles_targets})
and t.last_at >= (
    select min(g.published_at) from targets g where {g_gives_cycles_targets})
and exists (select from calendars c where c.centre = t.centre and c.published_at <= :now)
and (
    r.stream is null or t.known > r.known
    or r.is_running and ({r_has_newer_hours} or {r_has_newer_targets}))
order by t.opened_at, t.ticket
limit :most;

-- name: targets_of_cycles
-- Whether the plan gives cycles a target by now.
select from targets g where {g_gives_cycles_targets} limit 1;

-- name: newest_targets
-- The version of the targets published last, whenever they are in force from.
select max(version) as version from targets;

-- name: cycles_due
-- Cycles whose target was used up before they ended. Those of which more is known by now are reckoned anew first.
select r.stream, h.id as head, r.next_due_at, r.centre, r.correlation
from (select * from cycles where next_due_at < :now offset 0) r
join streams_sla h using (stream)
cross join lateral (
    select sum(f.known) as known, max(f.last_at) as last_at from cycle_facts f where f.ticket = r.ticket) t
where t.known <= r.known
and not (r.is_running and ({r_has_newer_hours} or {r_has_newer_targets}))
order by r.next_due_at, r.stream
limit :most;
