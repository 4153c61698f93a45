-- What the tables of sla_timer say of a history that is rehearsed.

-- name: promises_rehearsed
-- Promises of tickets that were opened before an instant, and opened or due since another one, or that run; with what
-- happened to each ticket. `is_plain`: nothing moved its deadline, no ticket was merged with it, nobody rang about it,
-- and the centre that promised has it still.
select p.ticket, p.centre, p.channel, p.opened_at, p.state, p.due_at, f.facts::text as facts,
    p.beside is null and p.calls is null and p.merged_into is null and p.due_at is not null
        and p.certified_from = p.opened_at and p.reckoned_from = p.opened_at
        and p.restated is null and p.restated_due_at is null
        and (p.internal_centre is null or p.internal_centre = p.centre) as is_plain
from promises p
left join promise_facts f on f.stream = p.ticket
where p.opened_at < :until and (p.opened_at >= :since or p.due_at >= :since or p.state = 'waiting');

-- name: tickets_merged
-- The tickets that were ever merged into another one, and into which; and the centres of those and of the others.
select f.stream as ticket, f.centre, f.survivors
from promise_facts f
where f.survivors <> '{}' or exists (
    select from promise_facts a where a.survivors <> '{}' and a.survivors @> array[f.stream]);
