-- name: promises_on_older_grounds
-- Promises that run, and of which something newer was published before they ended: another calendar of their centre, or
-- a shorter target.
-- Looked for from the publications, which are few: where none is newer than the oldest grounds that a promise runs on,
-- no promise is looked at, however many run.
select p.stream, h.id as head, p.calendar_centre as centre, p.opened_at, p.correlation
from (
    select o.stream
    from calendars c
    join promises o on o.state = 'waiting' and o.calendar_centre = c.centre and o.calendar_version < c.version
    where c.published_at <= :now and c.published_at < o.due_at and c.version > (
        select min(calendar_version) from promises where state = 'waiting' and calendar_centre = c.centre)
    union
    select o.stream
    from targets t
    cross join jsonb_each_text(t.content -> 'targets') as s (name, seconds)
    join promises o
        on o.state = 'waiting' and o.target_channel || '_seconds' = s.name and o.target_seconds > s.seconds::int
    where o.targets_version < t.version and t.published_at <= :now and t.published_at < o.due_at
        and t.version > (select min(targets_version) from promises where state = 'waiting')
        and s.seconds::int < (
            select max(target_seconds) from promises
            where state = 'waiting' and target_channel || '_seconds' = s.name)
) as older
join promises p using (stream)
join heads_sla h using (stream)
order by p.due_at, p.stream
limit :most;

-- name: promises_at_risk
-- Promises of which the warning share is used up and that nobody was warned of; not those that are over already.
select p.stream, h.id as head, p.at_risk_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state = 'waiting' and not p.warned and p.at_risk_at <= :now and p.due_at >= :now
order by p.at_risk_at, p.stream
limit :most;

-- name: promises_answered
-- Promises whose deadline is a later one since, so that an answer which was late is not any more.
select p.stream, h.id as head, p.responded_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state = 'waiting' and p.responded_at <= p.due_at
order by p.due_at, p.stream
limit :most;

-- name: promises_due
-- Promises whose deadline has passed: an answer at the very instant is still in time. One that something newer was
-- published of before it ended is reckoned anew first.
select p.stream, h.id as head, p.due_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state = 'waiting' and p.due_at < :now and (p.responded_at <= p.due_at) is not true and not exists (
    select from calendars c
    where c.centre = p.calendar_centre and c.version > p.calendar_version and c.published_at < p.due_at)
and not exists (
    select from targets t
    where t.version > p.targets_version and t.published_at < p.due_at
        and (t.content -> 'targets' ->> (p.target_channel || '_seconds'))::int < p.target_seconds)
order by p.due_at, p.stream
limit :most;

-- name: promises_to_restate
-- Judged promises of which something is known now that was not in time: an answer, or other hours of their centre while
-- they ran. What was stated last is not what follows from it, or has not been reckoned on it yet.
select p.stream, h.id as head, p.calendar_centre as centre, p.opened_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state in ('met', 'breached', 'cancelled')
    and coalesce(p.restated, p.state) <> case
        when p.responded_at <= least(coalesce(p.restated_due_at, p.due_at), p.cancelled_at) then 'met'
        when p.cancelled_at <= coalesce(p.restated_due_at, p.due_at) then 'cancelled'
        else 'breached' end
union
select p.stream, h.id as head, p.calendar_centre as centre, p.opened_at, p.correlation
from calendar_changes c
cross join jsonb_to_recordset(c.changes)
    as x (version int, published_at timestamptz, from_at timestamptz, until_at timestamptz)
join promises p
    on p.state in ('met', 'breached', 'cancelled')
    and tstzrange(p.opened_at, greatest(p.due_at, p.restated_due_at), '[]') && tstzrange(x.from_at, x.until_at)
    and p.calendar_centre = c.centre and p.calendar_version < x.version
join heads_sla h on h.stream = p.stream
where x.published_at <= :now
order by stream
limit :most;

-- name: next_due
-- The first instant at which one of these duties will act.
select least(
    (select min(at_risk_at) from promises where state = 'waiting' and not warned and due_at >= :now),
    (select min(due_at) from promises where state = 'waiting') + interval '1 microsecond',
    (select min(c.published_at) from calendars c
     where c.published_at > :now and exists (
         select from promises p
         where p.state = 'waiting' and p.calendar_centre = c.centre and p.calendar_version < c.version
            and c.published_at < p.due_at)),
    (select min(t.published_at) from targets t
     where t.published_at > :now and exists (
         select from promises p
         where p.state = 'waiting' and p.targets_version < t.version and t.published_at < p.due_at
            and (t.content -> 'targets' ->> (p.target_channel || '_seconds'))::int < p.target_seconds))) as at;
