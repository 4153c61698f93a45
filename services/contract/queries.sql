-- name: facts_for_contracts
-- What decisions on customers, licences and contracts rest on, as one JSON: centres, products and price lists of the
-- plan; of the streams asked for, those that are there; of contracts, their licences; and of numbers to begin under,
-- those that are taken, and those that a purchase or a re-subscription has taken whose contract is about to begin.
select jsonb_build_object(
    'centres', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'stream', stream, 'sequence', sequence, 'centre', name,
            'zone', content -> 'zone', 'countries', content -> 'countries') order by name), '[]'::jsonb)
        from plan_parts where part = 'calendar'),
    'products', (
        select coalesce(jsonb_agg(name order by name), '[]'::jsonb) from plan_parts where part = 'versions'),
    'price_lists', (
        select coalesce(jsonb_agg(content order by stream, version), '[]'::jsonb) from price_lists),
    'customers', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'stream', stream, 'sequence', sequence, 'centre', centre) order by stream), '[]'::jsonb)
        from customers where stream = any (cast(:customers as text[]))),
    'licences', (
        select coalesce(jsonb_object_agg(c.stream, jsonb_build_object(
            'stream', l.stream, 'sequence', l.sequence,
            'list_value', l.list_value, 'currency', l.currency, 'added', l.added)), '{}'::jsonb)
        from contracts c join licences l on l.stream = c.licence where c.stream = any (cast(:contracts as text[]))),
    'contracts', (
        select coalesce(jsonb_agg(stream order by stream), '[]'::jsonb)
        from contracts where stream = any (cast(:numbers as text[]))),
    'beginning', (
        select coalesce(jsonb_agg(asked order by asked), '[]'::jsonb)
        from unnest(cast(:contracts as text[]) || cast(:numbers as text[])) as asked
        where not exists (select from contracts c where c.stream = asked)
            and (exists (select from licences l where l.contract = asked and l.begun)
                or exists (select from contracts c where c.successor = asked)))
) as facts;

-- name: price_lists
-- Every price list that was published, by currency and version.
select stream, version, applies_from, published_at, content from price_lists order by stream, version;

-- name: products_of_contracts
-- The products of some contracts.
select stream, products from contracts where stream = any (cast(:contracts as text[]));

-- name: covering_terms
-- For each place in the lists: whether a term of the customer covers the product at an instant; and the next one after it
-- that has begun by now, whether or not it is over. Nulls where none has.
select asked.place, exists (
        select from terms t
        where t.customer = asked.customer and asked.product = any (t.products)
            and t.covered_from <= asked.instant and asked.instant < t.covered_until) as covered_then,
    later.stream as contract, later.covered_from, later.covered_until
from unnest(cast(:customers as text[]), cast(:products as text[]), cast(:instants as timestamptz[]))
    with ordinality as asked (customer, product, instant, place)
left join lateral (
    select t.stream, t.covered_from, t.covered_until from terms t
    where t.customer = asked.customer and asked.product = any (t.products)
        and t.covered_until > asked.instant and t.covered_from <= :now
    order by t.covered_from, t.stream limit 1) later on true
order by asked.place;
