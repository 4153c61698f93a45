-- name: promises_at_risk
-- Promises of which the warning share is used up and that nobody was warned of; not those that are over already.
select p.stream, h.id as head, p.at_risk_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state = 'waiting' and not p.warned and p.at_risk_at <= :now and p.due_at >= :now
order by p.at_risk_at, p.stream
limit :most;

-- name: promises_due
-- Promises whose deadline has passed: an answer at the very instant is still in time.
select p.stream, h.id as head, p.due_at, p.correlation
from promises p
join heads_sla h using (stream)
where p.state = 'waiting' and p.due_at < :now
order by p.due_at, p.stream
limit :most;

-- name: next_due
-- The first instant at which one of these duties will act.
select least(
    (select min(at_risk_at) from promises where state = 'waiting' and not warned and due_at >= :now),
    (select min(due_at) from promises where state = 'waiting') + interval '1 microsecond') as at;
