-- name: promises_now
-- How many promises wait for an answer, are at risk or are late; the first deadline ahead and the longest overdue one.
select
    count(*) filter (where due_at > :now and warned = 0) as in_time,
    count(*) filter (where due_at > :now and warned > 0) as at_risk,
    count(*) filter (where due_at <= :now) as late,
    min(due_at) filter (where due_at > :now) as next_due_at,
    min(due_at) filter (where due_at <= :now) as late_since
from (
    select due_at, warned from promises
    where {is_open} and state <> 'not-promised' and (state = 'waiting' or due_at >= :since)) as open;

-- name: not_promised_now
-- How many tickets without a promise nobody has answered, withdrawn or merged yet, and the oldest of them.
select count(*) as tickets, min(opened_at) as since from promises
where {is_open} and state = 'not-promised';
