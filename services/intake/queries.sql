-- name: facts_for_tickets
-- What the openings of some tickets rest on: one row of JSON for each place in the three lists, in their order.
select
    jsonb_build_object(
        'customer', (
            select jsonb_build_object(
                'stream', c.stream, 'sequence', c.sequence, 'centre', c.centre, 'reseller', c.reseller,
                'has_contract', exists (select from contracts k where k.customer = c.stream))
            from customers c where c.stream = asked.customer),
        'contracts', (
            select coalesce(jsonb_agg(to_jsonb(k) order by k.stream), '[]'::jsonb)
            from contracts k where k.customer = asked.customer and asked.product = any (k.products)),
        'product', (
            select jsonb_build_object('stream', p.stream, 'sequence', p.sequence, 'versions', p.versions)
            from products p where p.product = asked.product),
        'called', (
            select jsonb_build_object('stream', n.stream, 'sequence', n.sequence, 'centre', n.centre)
            from centres n where asked.number = any (n.numbers) order by n.stream limit 1)
    ) as facts
from unnest(cast(:customers as text[]), cast(:products as text[]), cast(:numbers as text[]))
    with ordinality as asked (customer, product, number, place)
order by asked.place;

-- name: ticket
-- One ticket, by its stream id.
select * from tickets where stream = :stream;

-- name: tickets_of_customer
-- The newest tickets of a customer, at most so many.
select * from tickets where customer = :customer order by opened_at desc, stream limit :most;

-- name: tickets_by_state
-- How many tickets are held, open or refused, and why refused.
select state, reason, count(*) as tickets from tickets group by state, reason order by state, reason;
