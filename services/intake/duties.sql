-- name: crossing_merges
-- Of each circle of merges, the one on the smallest stream id, with the latest instant of these merges. The merge that
-- is recorded last closes a circle, so the search begins only at merges recorded within a day before the newest one,
-- whose survivor is absorbed as well. Ids are compared by their bytes.
with recursive newest as (
    select t.stream, t.merged_into, t.merged_at
    from tickets t
    cross join lateral (
        select from tickets s where s.stream = t.merged_into and s.merged_into is not null limit 1) absorbed
    where t.merged_into is not null
        and t.merge_recorded_at >= (
            select max(merge_recorded_at) from tickets where merged_into is not null) - interval '1 day'
    order by t.merge_recorded_at desc
    limit 100
),
way as (
    select stream as began, merged_into as reached, merged_at as crossed_at, stream collate "C" as smallest
    from newest
    union all
    select w.began, t.merged_into, greatest(w.crossed_at, t.merged_at), least(w.smallest, t.stream collate "C")
    from way w
    cross join lateral (
        select * from tickets where stream = w.reached and merged_into is not null limit 1) t
    where w.reached <> w.began
) cycle reached set again using steps
select distinct t.stream, h.id as head, t.merged_into, w.crossed_at, t.merge_correlation as correlation
from way w
cross join lateral (select * from tickets where stream = w.smallest collate "default" limit 1) t
join streams_tickets h on h.stream = t.stream
where w.reached = w.began
order by t.stream
limit :most;

-- name: merges_that_waited
-- Tickets that are to be merged into one that was not open yet, and is there now, or was refused: one merge of each.
select distinct on (t.stream) t.stream, h.id as head, s.stream as survivor, a.said_at,
    t.awaits_correlation as correlation
from tickets t
cross join lateral unnest(t.awaits, t.awaits_since) as a (survivor, said_at)
join tickets s on s.stream = a.survivor and s.state <> 'held'
join streams_tickets h on h.stream = t.stream
where t.awaits <> '{}'
order by t.stream, s.stream, a.said_at
limit :most;

-- name: tickets_to_reconsider
-- Tickets that were refused since nobody had registered their customer, that nobody has answered or withdrawn, and that
-- have a customer and a term at their opening by now.
select t.stream, h.id as head, t.customer, t.product, t.number_dialled, t.opened_at,
    t.refused_correlation as correlation
from tickets t
join customers c on c.stream = t.customer
join streams_tickets h on h.stream = t.stream
where t.lacks_customer and exists (
    select from terms k
    where k.customer = t.customer and t.product = any (k.products)
        and k.covered_from <= t.opened_at and t.opened_at < k.covered_until)
order by t.opened_at, t.stream
limit :most;

-- name: refusals_to_restate
-- Tickets that were refused for want of cover, and were under cover at their instant, as is known by now. It goes from
-- one customer and product to the next of which any were refused, and from their terms to what was refused within.
with recursive lacking as (
    (select customer, product from tickets where lacks_cover order by customer, product limit 1)
    union all
    select n.customer, n.product
    from lacking l
    cross join lateral (
        select t.customer, t.product from tickets t
        where t.lacks_cover and (t.customer, t.product) > (l.customer, l.product)
        order by t.customer, t.product
        limit 1) n
)
select distinct on (t.opened_at, t.stream) t.stream, h.id as head, t.customer, t.product, t.number_dialled, t.opened_at,
    t.refused_correlation as correlation
from lacking l
join customers c on c.stream = l.customer
join terms k on k.customer = l.customer and l.product = any (k.products)
cross join lateral (
    select * from tickets t
    where t.lacks_cover and t.customer = l.customer and t.product = l.product
        and k.covered_from <= t.opened_at and t.opened_at < k.covered_until
    order by t.opened_at
    limit :most) t
join streams_tickets h on h.stream = t.stream
order by t.opened_at, t.stream
limit :most;

-- name: restated_to_open
-- Tickets whose cover was restated, and that nobody has answered or withdrawn.
select t.stream, h.id as head, t.customer, t.product, t.number_dialled, t.restated_at,
    t.refused_correlation as correlation
from tickets t
join streams_tickets h on h.stream = t.stream
where t.restated_at is not null
order by t.restated_at, t.stream
limit :most;
