-- name: facts_for_notices
-- The facts that some events' notices are filled with: one row of JSON for each place in the lists, in their order.
select
    jsonb_build_object(
        'customer', (
            select jsonb_build_object(
                'private', c.private, 'language', c.language, 'reseller', c.reseller, 'country', c.country,
                'team', c.team, 'renewals', case when not exists (
                    select from erased_persons e where e.person = c.renewals_person) then c.renewals end)
            from customers c where c.stream = asked.customer),
        'centre', (
            select jsonb_build_object('language', n.sheet ->> 'language', 'zone', n.sheet ->> 'zone')
            from centres n where n.centre = asked.centre order by n.stream limit 1),
        'working_centre', (
            select jsonb_build_object('language', n.sheet ->> 'language', 'zone', n.sheet ->> 'zone')
            from centres n where n.centre = asked.working_centre order by n.stream limit 1)
    ) as facts
from unnest(cast(:customer as text[]), cast(:centre as text[]), cast(:working_centre as text[]))
    with ordinality as asked (customer, centre, working_centre, place)
order by asked.place;

-- name: notices_by_state
-- The notices in a state, or in any, the oldest first, at most so many.
select * from notices where cast(:state as text) is null or state = :state
order by requested_at, stream limit :most;

-- name: notices_about
-- The notices about a stream, such as a ticket or its promise.
select * from notices where about_stream = :about order by requested_at, stream;

-- name: notices_without_address
-- Notices to be sent whose recipient's private record or centre is not here: they wait for it, the oldest first.
select n.stream, n.state, n.private_key, n.centre, n.requested_at from notices n
where n.state in ('requested', 'deferred') and n.role <> 'operations'
    and not exists (select from private_records p where p.key = n.private_key)
    and not exists (select from centres c where n.private_key is null and c.centre = n.centre)
    and not exists (select from erased_persons e where e.person = n.person)
order by n.requested_at, n.stream limit :most;

-- name: next_retry
-- The next instant of plan time at which a notice is to be tried again, or may leave where its recipient is known.
select min(n.at) as at from (
    select retry_at as at from notices where state = 'deferred'
    union all
    select n.not_before from notices n
    left join private_records v on v.key = n.private_key
    where n.state = 'requested' and n.not_before is not null
        and (n.private_key is null or v.value is not null)) n;
