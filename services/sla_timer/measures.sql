-- name: promises_measured
-- By centre and standing how many tickets nobody has answered, withdrawn or merged yet, and how many of those in time
-- are due within so many minutes. Read from the index of these alone, however many there were.
select centre,
    case when state = 'not-promised' then 'without-promise' when due_at <= :now then 'late'
        when warned > 0 then 'at-risk' else 'in-time' end as standing,
    count(*) as promises,
    count(*) filter (where due_at > :now and due_at <= :now::timestamptz + interval '15 minutes') as within_15,
    count(*) filter (where due_at > :now and due_at <= :now::timestamptz + interval '60 minutes') as within_60,
    count(*) filter (where due_at > :now and due_at <= :now::timestamptz + interval '240 minutes') as within_240,
    count(*) filter (where due_at > :now and due_at <= :now::timestamptz + interval '1440 minutes') as within_1440
from promises
where {is_open}
group by centre, standing;

-- name: verdicts_measured
-- By centre and verdict how many promises were due in the last hour, six hours and day.
select centre, state as verdict,
    count(*) filter (where due_at > :now::timestamptz - interval '1 hour') as in_1h,
    count(*) filter (where due_at > :now::timestamptz - interval '6 hours') as in_6h,
    count(*) as in_1d
from promises
where state in ('met', 'breached') and {is_judged} and {span} && tstzrange(:now::timestamptz - interval '1 day', :now)
    and due_at > :now::timestamptz - interval '1 day' and due_at <= :now
group by centre, state;
