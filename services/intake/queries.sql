-- part: licences_asked_for
select k.licence from terms k where k.customer = asked.customer and asked.product = any (k.products)

-- name: facts_for_tickets
-- The facts for decisions on messages about tickets: one row of JSON for each place in the lists, in their order.
-- Customer and product are given, or are those of a ticket of ours.
select
    jsonb_build_object(
        'customer', (
            select jsonb_build_object(
                'stream', c.stream, 'sequence', c.sequence, 'centre', c.centre, 'reseller', c.reseller,
                'language', c.language, 'regional_team', c.regional_team,
                'has_contract', exists (select from terms k where k.customer = c.stream))
            from customers c where c.stream = asked.customer),
        'terms', (
            select coalesce(jsonb_agg(to_jsonb(k) order by k.stream, k.number), '[]'::jsonb)
            from terms k where k.customer = asked.customer and asked.product = any (k.products)),
        'licences', (
            select coalesce(jsonb_agg(to_jsonb(l) order by l.stream), '[]'::jsonb)
            from licences l where l.stream in ({licences_asked_for})),
        'price_lists', (
            select coalesce(jsonb_agg(to_jsonb(p) order by p.stream, p.version), '[]'::jsonb)
            from price_lists p where p.currency in (
                select l.currency from licences l where l.stream in ({licences_asked_for}))),
        'product', (
            select jsonb_build_object('stream', p.stream, 'sequence', p.sequence, 'versions', p.versions)
            from products p where p.product = asked.product),
        'called', (
            select jsonb_build_object('stream', n.stream, 'sequence', n.sequence, 'centre', n.centre)
            from centres n where asked.number = any (n.numbers) order by n.stream limit 1),
        'receiving', (
            select jsonb_build_object('stream', n.stream, 'sequence', n.sequence, 'centre', n.centre)
            from centres n where n.centre = asked.receiving order by n.stream limit 1),
        'survivor', (
            select jsonb_build_object('stream', s.stream, 'sequence', h.sequence, 'state', s.state, 'customer', s.customer)
            from tickets s join streams_tickets h using (stream) where s.stream = asked.survivor)
    ) as facts
from (
    select coalesce(said.customer, t.customer) as customer, coalesce(said.product, t.product) as product,
        said.number, said.receiving, said.survivor, said.place
    from unnest(
        cast(:customer as text[]), cast(:product as text[]), cast(:number as text[]),
        cast(:ticket as text[]), cast(:receiving as text[]), cast(:survivor as text[])
    ) with ordinality as said (customer, product, number, ticket, receiving, survivor, place)
    left join tickets t on t.stream = said.ticket
) as asked
order by asked.place;
