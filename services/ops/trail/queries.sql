-- part: chain
(
    select 'olcare.tickets.v1' as topic, t.* from chain_tickets t
    union all select 'olcare.sla.v1', s.* from chain_sla s
    union all select 'olcare.notices.v1', n.* from chain_notices n
    union all select 'olcare.contracts.v1', c.* from chain_contracts c
    union all select 'olcare.plan.v1', p.* from chain_plan p
    union all select 'olcare.ops.v1', o.* from chain_ops o
)

-- part: link
c.topic, c.partition, c."offset", c.stream, c.sequence, c.id::text as id, c.causation::text as causation,
c.correlation, c.caused_by, c.type, c.occurred_at, c.recorded_at, c.source

-- part: grounds
(
    select * from grounds_tickets union all select * from grounds_sla union all select * from grounds_contracts
)

-- part: is_new
f.recorded_at >= before.recorded_at and (c.caused_by is null or c.caused_by = before.id::text)
and not exists (
    select from (
        select * from grounds_tickets union all select * from grounds_sla union all select * from grounds_contracts
    ) e
    where e.stream = g.stream and e.sequence < g.sequence and e.fact = g.fact and e.fact_sequence >= g.fact_sequence
)

-- name: links_of_ids
-- Events by their ids.
select {link} from {chain} c where c.id = any(:ids::uuid[]);

-- name: links_of_streams
-- All events of some streams, each stream's in order.
select {link} from {chain} c where c.stream = any(:streams::text[]) order by c.stream, c.sequence;

-- name: link_of_place
-- The event at a place in its stream.
select {link} from {chain} c where c.stream = :stream and c.sequence = :sequence;

-- name: links_caused_by
-- What was asked for by some events, or by records at a door.
select {link} from {chain} c where c.caused_by = any(:causes::text[]) order by c.recorded_at, c.stream, c.sequence;

-- name: links_of_correlation
-- What goes back to one message, as its first command names it.
select {link} from {chain} c where c.correlation = :correlation order by c.recorded_at, c.stream, c.sequence;

-- name: notices_about
-- All events of the notices about some events: a notice's stream names the event.
select {link}
from unnest(:ids::text[]) as about (id)
cross join lateral (
    select 'olcare.notices.v1' as topic, n.*
    from chain_notices n
    where n.stream >= 'notice/' || about.id || '/' and n.stream < 'notice/' || about.id || '0'
    order by n.stream, n.sequence
    limit 10000 -- more than there can be: so few are expected that the index is used
) c
order by c.stream, c.sequence;

-- name: new_grounds
-- Of events that a duty wrote, the facts that had come since the event before: why they were written.
select g.stream as of_stream, g.sequence as of_sequence, fact.*
from unnest(:streams::text[], :sequences::bigint[]) as asked (stream, sequence)
join {grounds} g on g.stream = asked.stream and g.sequence = asked.sequence
join {chain} c on c.stream = g.stream and c.sequence = g.sequence
join {chain} before on before.stream = g.stream and before.sequence = g.sequence - 1
join {chain} f on f.stream = g.fact and f.sequence = g.fact_sequence
cross join lateral (
    select f.topic, f.partition, f."offset", f.stream, f.sequence, f.id::text as id, f.causation::text as causation,
        f.correlation, f.caused_by, f.type, f.occurred_at, f.recorded_at, f.source
) fact
where {is_new}
order by fact.recorded_at, fact.stream, fact.sequence;

-- name: links_grounded_on
-- What duties wrote since some facts had come.
select {link}
from unnest(:streams::text[], :sequences::bigint[]) as asked (stream, sequence)
join {grounds} g on g.fact = asked.stream and g.fact_sequence = asked.sequence
join {chain} f on f.stream = g.fact and f.sequence = g.fact_sequence
join {chain} c on c.stream = g.stream and c.sequence = g.sequence
join {chain} before on before.stream = g.stream and before.sequence = g.sequence - 1
where {is_new}
order by c.recorded_at, c.stream, c.sequence;

-- name: positions
-- How far each topic was read: what stands below is judged.
select 'olcare.tickets.v1' as topic, partition, next_offset from position_tickets
union all select 'olcare.sla.v1', partition, next_offset from position_sla
union all select 'olcare.notices.v1', partition, next_offset from position_notices
union all select 'olcare.contracts.v1', partition, next_offset from position_contracts
union all select 'olcare.plan.v1', partition, next_offset from position_plan
union all select 'olcare.ops.v1', partition, next_offset from position_actions;

-- name: counts
-- How many events of each type were recorded in each minute of a span, of one topic or of all.
select topic, minute, type, sum(events)::bigint as events
from (
    select 'olcare.tickets.v1' as topic, t.* from counts_tickets t
    union all select 'olcare.sla.v1', s.* from counts_sla s
    union all select 'olcare.notices.v1', n.* from counts_notices n
    union all select 'olcare.contracts.v1', c.* from counts_contracts c
    union all select 'olcare.plan.v1', p.* from counts_plan p
    union all select 'olcare.ops.v1', o.* from counts_ops o
) counted
where minute >= :since and minute < :until and (:topic::text is null or topic = :topic)
group by topic, minute, type
order by topic, minute, type;

-- name: links_not_of_sources
-- What messages may have led to in streams that carry no source: of the plan, and orders about notices.
select {link} from {chain} c
where c.topic = 'olcare.plan.v1' or c.topic = 'olcare.notices.v1' and c.type = any(:orders::text[]);

-- name: commands_of_streams
-- Of the streams of a kind and a source, which command led to which event.
select c.stream, c.causation::text as causation
from {chain} c
where c.stream >= :kind::text || '/' || :source::text || '/' and c.stream < :kind::text || '/' || :source::text || '0';

-- name: streams_recorded_after
-- The streams of promises of which something was recorded after an instant.
select distinct stream from chain_sla
where recorded_at > :known_at and stream >= :kind::text || '/' and stream < :kind::text || '0';

-- name: links_recorded_before_more
-- Of the streams of promises of which something was recorded after an instant, the events recorded by then.
select {link}
from (select 'olcare.sla.v1' as topic, s.* from chain_sla s) c
where c.recorded_at <= :known_at
    and c.stream in (
        select stream from chain_sla
        where recorded_at > :known_at and stream >= :kind::text || '/' and stream < :kind::text || '0'
    )
order by c.stream, c.sequence;

-- name: contracts_moved
-- All events of the contracts of which something occurred after an instant, or was recorded after another.
select {link}
from (select 'olcare.contracts.v1' as topic, s.* from chain_contracts s) c
where c.stream in (
    select stream from chain_contracts
    where (occurred_at > :as_of or recorded_at > :known_at) and stream >= 'contract/' and stream < 'contract0'
)
order by c.stream, c.sequence;

-- name: plan_recorded_by
-- The publications of a kind that were recorded by an instant.
select {link}
from (select 'olcare.plan.v1' as topic, p.* from chain_plan p) c
where c.stream >= :kind::text || '/' and c.stream < :kind::text || '0' and c.recorded_at <= :known_at
order by c.stream, c.sequence;
