-- part: open_promises
-- Tickets that nobody has answered, withdrawn or merged yet, each with how its promise stands.
select stream, ticket, customer, centre, channel, opened_at, due_at, warned, reason, coalesce(calendar_centre, centre)
    as calendar_centre, {ranked_at} as ranked_at,
    case when state = 'not-promised' then 'without-promise' when due_at <= :now then 'late'
        when warned > 0 then 'at-risk' else 'in-time' end as standing
from promises
where {is_open}
    and (:centre::text is null or centre = :centre)
    and (:channel::text is null or channel = :channel)
    and (:customer::text is null or customer = :customer)

-- name: promises_open
-- Those that stand so, what is due first before the others, those without a promise by their opening; after one of them.
select stream, ticket, customer, centre, channel, opened_at, due_at, warned, reason, calendar_centre, standing
from ({open_promises}) as open
where (:standing::text is null or standing = :standing)
    and (:after::text is null or (ranked_at, opened_at, stream) > (
        select coalesce(due_at, 'infinity'), opened_at, stream from promises where stream = :after))
order by ranked_at, opened_at, stream
limit :most;

-- name: promises_counted
-- How many of them stand how.
select standing, count(*) as promises from ({open_promises}) as open group by standing;

-- name: verdicts_by_day
-- How many promises were met and breached, by the local day of their centre on which they were due.
select (p.due_at at time zone c.zone)::date as day, count(*) filter (where p.state = 'met') as met,
    count(*) filter (where p.state = 'breached') as breached
from (
    select * from promises
    where state in ('met', 'breached') and {is_judged} and {span} && tstzrange(:since, :until)
        and due_at >= :since and due_at < :until
        and (:centre::text is null or centre = :centre)
        and (:channel::text is null or channel = :channel)
        and (:customer::text is null or customer = :customer)) as p
join unnest(cast(:centres as text[]), cast(:zones as text[])) as c (centre, zone) on c.centre = p.centre
group by day
order by day;

-- name: promises_missed
-- Those breached, the youngest first, as `promises_reported` has them.
select p.ticket, p.centre, p.channel, p.state, p.opened_at, p.due_at, p.responded_at, p.detected_at,
    p.calendar_centre, p.restated, p.restated_due_at, p.restated_because,
    case when p.responded_at is not null then convert_from(s.state, 'UTF8')::jsonb #>> '{promise,certificate,opened_at}' end as since,
    case when p.responded_at is not null then convert_from(s.state, 'UTF8')::jsonb #>> '{promise,certificate,intervals}' end as intervals,
    case when p.responded_at is not null then a.state end as packed
from (
    select * from promises
    where state = 'breached' and {is_judged} and {span} && tstzrange(:since, :until)
        and due_at >= :since and due_at < :until
        and (:centre::text is null or centre = :centre)
        and (:channel::text is null or channel = :channel)
        and (:customer::text is null or customer = :customer)) as p
left join states s using (stream)
left join away_sla a using (stream)
order by p.due_at desc, p.stream
limit :most;
