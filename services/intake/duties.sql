-- name: crossing_merges
-- Of merges that lead back to where they began, the one on the smallest stream id, with the instant of the last of them.
-- The last that is recorded of them closes the circle, so it is enough to begin at those of a day before the newest.
with recursive way as (
    select
        r.stream as began, r.merged_into as reached, r.merged_at as crossed_at,
        r.stream collate "C" as smallest
    from tickets r
    where r.merged_into is not null
        and r.merge_recorded_at >= (
            select max(merge_recorded_at) from tickets where merged_into is not null) - interval '1 day'
    union all
    select
        w.began, t.merged_into, greatest(w.crossed_at, t.merged_at),
        least(w.smallest, t.stream collate "C")
    from way w
    join tickets t on t.stream = w.reached
    where t.merged_into is not null and w.reached <> w.began
) cycle reached set again using steps
select distinct t.stream, h.id as head, t.merged_into, w.crossed_at, t.merge_correlation as correlation
from way w
join tickets t on t.stream = w.smallest
join heads_tickets h on h.stream = t.stream
where w.reached = w.began
order by t.stream
limit :most;
